"""Studies as modules: what is asked for by name, and plans set from text."""

import json
import re
from dataclasses import fields

import pytest

from elman.errors import UnknownName
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings
from elman.lab.runner import Run, write_plan
from elman.lab.study import PlanField, listed
from elman.lab.verdicts import judge_all
from elman.studies import all_studies, find_study

STUDIES = all_studies()
SAVED = {one.name for one in fields(Claim)} - {"measure"}


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


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_what_is_stated_before_the_run_is_judged_after_it(study, tmp_path):
    """Even if no trial has finished: then nothing is measured, but for what is computed without a trial."""
    plan = study.plan(quick=True)
    write_plan(Run(study, plan, tmp_path))
    Findings("", claims=judge_all(study.claims(plan), Arms([]))).save(tmp_path / "findings.json")
    stated = json.loads((tmp_path / "plan.json").read_text())["claims"]
    judged = json.loads((tmp_path / "findings.json").read_text())["claims"]
    assert stated == [verdict["claim"] for verdict in judged]
    assert all(set(claim) == SAVED for claim in stated)
    assert all(verdict["n"] == 0 or verdict["exact"] for verdict in judged)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_claims_follow_from_the_plan_and_not_from_what_is_on_this_machine(study, tmp_path, monkeypatch):
    plan = study.plan()
    here = study.claims(plan)
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path))
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path))
    for reading in ("io.open", "os.stat", "os.listdir", "importlib.util.find_spec"):
        monkeypatch.setattr(reading, refuse)
    found = study.claims(plan)
    monkeypatch.undo()
    assert found == here
    assert study.claims(plan) == here


def refuse(*given, **more):
    raise AssertionError(f"read from disk: {given}")


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


def test_values_with_commas_are_written_as_json(toy):
    study = toy().study
    for values in (("x", "y"), ("/a,b/c.py:C",), ("/a,b/c.py:C", "[d"), ("[1", "2"), ('quoted "x", y',)):
        text = listed(values)
        assert study.plan(settings={"variants": text}).variants == values
        assert study.plan(settings={"variants": values}).variants == values
    assert listed(("x", "y")) == "x,y"
    assert study.plan(settings={"seeds": 7}).seeds == 7
    with pytest.raises(UnknownName, match="plan field variants, given '\\[x': Invalid JSON"):
        study.plan(settings={"variants": "[x"})


def test_fields_of_a_plan(toy):
    shown = {one.name: one for one in toy().study.fields(quick=True)}
    assert list(shown) == ["variants", "seeds", "mode", "scratch", "updates", "ratio"]
    assert shown["variants"] == PlanField("variants", "texts, separated by commas", "a,b", "the arms")
    assert (shown["seeds"].takes, shown["seeds"].default) == ("a whole number above 0", "1")
    assert shown["mode"].takes.startswith("plain or nan or die or ")
    assert (shown["ratio"].takes, shown["ratio"].default) == ("a number", "1")


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_default_is_written_as_the_plan_reads_it(study):
    for quick in (False, True):
        reported = {one.name: one.default for one in study.fields(quick) if one.default}
        assert study.plan(settings=reported) == study.plan(quick)


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
        run.study.fingerprint(run.plan, replace(trial, inputs={"text": "0"})),
        run.study.fingerprint(run.plan, replace(trial, on={"task": "copy"})),
        replace(run.study, path=edited).fingerprint(run.plan, trial),
    ]
    assert len({base, *others}) == 6
    assert run.study.fingerprint(toy("elsewhere").plan, trial) == base


def test_a_fingerprint_changes_with_what_the_study_shares_with_others(toy, tmp_path, monkeypatch):
    from dataclasses import replace

    import elman.studies

    monkeypatch.setattr(elman.studies, "__path__", [str(tmp_path)])
    (tmp_path / "ex99_toy.py").write_text("from elman.studies.near import train\n")
    (tmp_path / "near.py").write_text("def f():\n    from elman.studies import far, absent\n")
    run = toy()
    trial, found = run.study.trials(run.plan)[0], set()
    study = replace(run.study, module_name="elman.studies.ex99_toy", path=tmp_path / "ex99_toy.py")
    for text in ("RATE = 1\n", "RATE = 2\n"):
        (tmp_path / "far.py").write_text(text)
        found.add(study.fingerprint(run.plan, trial))
    (tmp_path / "other.py").write_text("RATE = 3\n")
    found.add(study.fingerprint(run.plan, trial))
    assert len(found) == 2
