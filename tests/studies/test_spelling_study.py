"""The study of spelling: its cases, its two networks by hand, a small run, and what follows from it."""

from dataclasses import replace

import pytest
import torch

from elman.apps import spelling
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.nn.saving import make_seq2seq
from elman.studies import ex23_spelling, find_study
from elman.studies.ex23_spelling import ARMS, NEITHER, SLIPS, cases

TINY = {"hidden_size": "4", "updates": "2", "batch_size": "4", "check_size": "10", "test_size": "10", "beam": "2",
        "candidates": "4", "seeds": "1"}  # fmt: skip
WORDS = ["then", "the", "hat", "cat", "cart"]


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path))
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return make_seq2seq(spelling.settings(8, "pointer-generator")).eval()


def test_cases_share_no_word_and_are_of_their_part():
    plan = find_study("15.23").plan(True)
    tested = [cases(plan, "test", Trial(NEITHER, seed)) for seed in range(plan.seeds)]
    words = [case.right for some in tested for case in some]
    assert len(set(words)) == len(words)
    assert not set(words) & {case.right for case in cases(plan, "check", Trial(NEITHER, 0))}
    assert tested[0] == cases(plan, "test", Trial(NEITHER, 0))
    for case in tested[0]:
        assert (case.typo == case.right) == (case.group == "clean")
        assert case.group in ("clean", *SLIPS)


def real_of(seed):
    return Trial(NEITHER, seed, inputs={"spelling": "12ab"})


def test_real_misspellings_go_with_what_was_meant(monkeypatch):
    plan = replace(find_study("15.23").plan(True), dictionary="pydoc")
    right = [case.right for case in cases(plan, "test", Trial(NEITHER, 0))][:5]
    monkeypatch.setattr("elman.data.spelling.misspellings", lambda: [(word + "q", word) for word in right])
    real = [case for seed in range(plan.seeds) for case in cases(plan, "test", real_of(seed)) if case.group == "real"]
    assert sorted(real) == sorted((word + "q", word, "real") for word in right)
    assert [case for case in cases(plan, "check", real_of(0)) if case.group == "real"] == []


def test_the_channel_scores_each_word_as_if_alone(model):
    near = [[(word, 1) for word in WORDS], [], [("cat", 2)]]
    scores = spelling.channel_scores(model, ["teh", "zzz", "cta"], near, size=2)
    assert scores[1] == {}
    for typo, some in zip(["teh", "zzz", "cta"], scores, strict=True):
        for word, value in some.items():
            pair = spelling.batch([word], [typo])
            with torch.inference_mode():
                log_probs = model(pair.source, pair.target[:-1])
            by_hand = sum(log_probs[t, 0, pair.target[t + 1, 0]].item() for t in range(len(typo) + 1))
            assert value == pytest.approx(by_hand, abs=1e-4)


def test_a_wide_search_finds_the_likeliest_word_of_the_dictionary(model):
    found = spelling.found_words(spelling.search(model, ["teh", "cta"], spelling.tree_of(WORDS), 30, n_best=5))
    for typo, words in zip(["teh", "cta"], found, strict=True):
        pairs = spelling.batch([typo] * len(WORDS), WORDS)
        with torch.inference_mode():
            values = dict(zip(WORDS, spelling.log_likelihood(model, pairs).tolist(), strict=True))
        assert [word for word, _ in words] == sorted(WORDS, key=lambda word: -values[word])
        assert [score for _, score in words] == pytest.approx(sorted(values.values(), reverse=True), abs=1e-4)


def test_ranking():
    scores, counts = {"the": -2.0, "tea": -1.0}, {"the": 100, "tea": 1}
    assert spelling.best("teh", scores, counts, 0.0) == "tea"
    assert spelling.best("teh", scores, counts, 1.0) == "the"
    assert spelling.best("teh", {}, counts, 1.0) == "teh"


def test_a_small_run(tmp_path):
    study = find_study("15.23")
    plan = study.plan(True, TINY)
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        records.append(replace(study.module.run(plan, trial, Desk(tmp_path / trial.name)), trial=trial))
    assert sorted(path.parent.parent.name for path in tmp_path.glob("*/model/model.json")) == [
        "channel-seed0", "corrector-seed0"
    ]  # fmt: skip
    found = study.findings(plan, records)
    words, characters, *_ = found.tables
    assert [row[0] for row in words.rows] == [
        arm for arm in ARMS if arm != "pyspellchecker" or ex23_spelling._has_library()
    ]
    shares = [share for row in (*words.rows, *characters.rows) for share in row[1:] if isinstance(share, float)]
    assert all(0 <= share <= 1 for share in shares)
    slips = words.columns.index("slips")
    assert words.rows[0][slips] == 0  # identity corrects nothing
    assert [v.claim.key for v in found.claims if not v.claim.needs] == ["trap", "characters", "synthetic"]
    assert {verdict.n for verdict in found.claims if verdict.claim.needs} == {0}


def test_verdicts_are_of_pairs_of_the_same_seed():
    plan = find_study("15.23").plan(True, {"seeds": "3"})

    def record(kind, seed, **numbers):
        return Record(numbers={f"{arm}|slips|words": v for arm, v in numbers.items()}, trial=Trial(kind, seed))

    records = [record("no network", seed, Norvig=0.5 + seed / 10) for seed in range(3)]
    records += [record("channel", seed, channel=0.6 + seed / 10) for seed in range(3)]
    records += [record("corrector", seed, plain=0.6 + seed / 10) for seed in range(2)]
    verdicts = {v.claim.key: v for v in find_study("15.23").findings(plan, records).claims}
    assert (verdicts["synthetic"].verdict, verdicts["synthetic"].n) == ("holds", 3)
    assert verdicts["synthetic"].measured == pytest.approx(0.1)
    assert (verdicts["trap"].verdict, verdicts["trap"].n) == ("does not hold", 2)
    assert verdicts["characters"].verdict == "undecided"
    assert find_study("15.23").findings(plan, []).summary == "All arms are missing."
