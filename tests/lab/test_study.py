"""Studies as modules: what is asked for by name, and plans set from text."""

import re

import pytest

from elman.errors import UnknownName
from elman.studies import all_studies, find_study

STUDIES = all_studies()


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_study_keeps_the_contract(study):
    assert study.title
    assert "\n" not in study.title
    assert len(study.article) > 300, "the docstring is the article"
    full, quick = study.plan(), study.plan(quick=True)
    assert type(full) is type(quick) is study.module.Plan
    for plan in (full, quick):
        trials = study.trials(plan)
        assert trials
        assert len({trial.name for trial in trials}) == len(trials)
        claims = study.claims(plan)
        assert len({claim.key for claim in claims}) == len(claims)
        assert all(claim.source and claim.statement.endswith(".") for claim in claims)
        assert all(claim.at_least > float("-inf") or claim.at_most < float("inf") for claim in claims)


def test_order_and_names():
    numbers = [int(study.exercise.partition(".")[2]) for study in STUDIES]
    assert numbers == sorted(set(numbers))
    assert all(re.fullmatch(r"[a-z0-9-]+", study.name) for study in STUDIES)


def test_found_by_number_and_by_name():
    assert find_study("15.12") == find_study("char-lm")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("char-ln", "no study 'char-ln'; did you mean char-lm?"),
        ("15.99", "no study '15.99'; did you mean"),
        ("", "no study ''; there are 15.1, task-shapes"),
    ],
)
def test_unknown_study(wanted, message):
    with pytest.raises(UnknownName, match=re.escape(message)):
        find_study(wanted)


def test_plan_fields_from_text(toy):
    study = toy().study
    plan = study.plan(quick=True, settings={"seeds": "7", "variants": "x,y,z", "mode": "nan"})
    assert (plan.seeds, plan.variants, plan.mode) == (7, ("x", "y", "z"), "nan")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": "3"}, "has no plan field 'seed'; did you mean seeds?"),
        ({"seeds": "many"}, "plan field seeds, given 'many': Input should be a valid integer"),
        ({"seeds": "0"}, "plan field seeds, given '0': Input should be greater than 0"),
        ({"ratio": "nan"}, "toy-study: plan field ratio, given 'nan': Input should be a number"),
        ({"mode": "nap"}, "plan field mode, given 'nap': Input should be 'plain', 'nan', "),
    ],
)
def test_wrong_plan_fields(toy, settings, message):
    with pytest.raises(UnknownName, match=re.escape(message)):
        toy().study.plan(settings=settings)


def test_a_fingerprint_changes_with_all_a_record_is_made_from(toy, tmp_path):
    from dataclasses import replace

    run = toy()
    trial = run.study.trials(run.plan)[0]
    base = run.study.fingerprint(run.plan, trial)
    edited = tmp_path / "edited.py"
    edited.write_text(run.study.path.read_text() + "\n# changed\n")
    others = [
        run.study.fingerprint(toy(seeds=3).plan, trial),
        run.study.fingerprint(run.plan, replace(trial, seed=1)),
        run.study.fingerprint(run.plan, replace(trial, inputs={"sha256": "0"})),
        replace(run.study, path=edited).fingerprint(run.plan, trial),
    ]
    assert len({base, *others}) == 5
    assert run.study.fingerprint(toy("elsewhere").plan, trial) == base


def test_a_fingerprint_changes_with_what_the_study_shares_with_others(toy, tmp_path, monkeypatch):
    from dataclasses import replace

    import elman.studies

    monkeypatch.setattr(elman.studies, "__path__", [str(tmp_path)])
    (tmp_path / "ex99_toy.py").write_text("from elman.studies.near import train\n")
    (tmp_path / "near.py").write_text("def f():\n    from elman.studies import far, absent\n")
    run = toy()
    study, trial, found = replace(run.study, path=tmp_path / "ex99_toy.py"), run.study.trials(run.plan)[0], set()
    for text in ("RATE = 1\n", "RATE = 2\n"):
        (tmp_path / "far.py").write_text(text)
        found.add(study.fingerprint(run.plan, trial))
    (tmp_path / "other.py").write_text("RATE = 3\n")
    found.add(study.fingerprint(run.plan, trial))
    assert len(found) == 2
