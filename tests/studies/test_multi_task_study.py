"""The study of two tasks in one network: its parts against brute force, a tiny plan from end to end, its verdicts."""

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from elman.data import sentences
from elman.data.lexicon import Lexicon
from elman.data.sentences import Sentence
from elman.errors import UnknownName
from elman.lab.figures import draw
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.nn.saving import load_text_model
from elman.studies import find_study
from elman.studies.ex34_multi_task.results import (
    ALONE,
    FORWARDS,
    READERS,
    SHUFFLED,
    SINGLE,
    TAGGERS,
    TOGETHER,
    WORDS,
)
from elman.studies.ex34_multi_task.study import (
    QUICK,
    Plan,
    _alternate,
    _drawn,
    _shuffled,
    accuracy,
    claims,
    most_frequent,
    run,
    trials,
)
from elman.train.epochs import Labelled

TINY = {
    "data": "reviews", "tags": "reviews", "tagged": "50", "sizes": "20,0", "width": "8", "hidden_size": "6",
    "updates": "4", "checks": "2", "checked": "10", "seeds": "2", "arms": json.dumps([*TAGGERS, *READERS]),
}  # fmt: skip


@pytest.fixture
def one_thread():
    """As in a trial's own process; small tensors only wait for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def arm_of(trial):
    return trial.arm, trial.on.get("sentences")


@pytest.mark.usefixtures("one_thread")
def test_a_tiny_plan_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sentences, "REVIEWS", {"training": 60, "validation": 30, "test": 40})
    study = find_study("15.34")
    plan = study.plan(True, TINY)
    records, saved = [], []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(tmp_path / trial.name))
        assert all(0 <= number <= 1 for name, number in record.numbers.items() if "sentences" not in name)
        assert record.numbers["tagged sentences"] == 50
        saved += [arm_of(trial)] if (tmp_path / trial.name / "model").exists() else []
        records.append(replace(record, trial=trial))
    assert len(records) == 2 * (len(TAGGERS) + 2 * len(READERS))
    assert set(saved) == {(ALONE, None), (TOGETHER, 20), (TOGETHER, 0)}
    by_arm = {arm_of(record.trial): record.numbers for record in records}
    assert {"tags", "sentiment"} <= by_arm[TOGETHER, 20].keys()
    assert "sentiment" not in by_arm[ALONE, None]
    assert "tags" not in by_arm[SINGLE, 20].keys() | by_arm[SHUFFLED, 20].keys()
    assert [by_arm[SINGLE, n]["sentences"] for n in (20, 0)] == [20, 60]
    found = study.findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == study.claims(plan)
    assert {verdict.n for verdict in found.claims} == {2}
    assert "ith 20 sentences, sentiment accuracy" in found.summary
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)
    assert all(draw(figure).startswith("<?xml") for figure in found.figures)
    first = next(record for record in records if arm_of(record.trial) == (TOGETHER, 20))
    torch.manual_seed(first.trial.seed or 0)
    again = study.module.run(plan, first.trial, Desk(tmp_path / "again"))
    assert again.numbers == first.numbers
    model, notes = load_text_model(tmp_path / "again" / "model")  # the very tagger whose accuracy was recorded
    lexicon, test = Lexicon.from_json(notes["lexicon"]), sentences.tagged("reviews").test
    words = [torch.from_numpy(lexicon.encode(one.words)) for one in test]
    truth = [torch.tensor([notes["classes"].index(tag) for tag in one.tags]) for one in test]
    assert accuracy(model, Labelled(words, truth)) == first.numbers["tags"]


class Asked(nn.Module):
    """Notes when it is asked, and by which data."""

    def __init__(self, name: str, log: list[str]):
        super().__init__()
        self.name, self.log, self.weight = name, log, nn.Parameter(torch.zeros(2))

    def forward(self, x, lengths):
        if self.training:
            self.log.append(self.name)
        return self.weight.expand(len(lengths), 2)


@pytest.mark.parametrize("names", [("tags", "sentiment"), ("tags",), ("sentiment",)])
def test_every_task_has_as_many_updates_alone_as_together(tmp_path, names):
    log: list[str] = []
    data = Labelled([torch.zeros(2, 1)] * 3, [0, 1, 1])
    jobs = {name: (Asked(name, log), data, data) for name in names}
    best = _alternate(replace(QUICK, updates=7, checks=3, batch_size=2), jobs, 0, Desk(tmp_path))
    assert log == list(names) * 7
    assert {name: one.seen for name, one in best.items()} == dict.fromkeys(names, 3)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5))
def test_fewer_sentences_are_among_more(a, b, seed):
    every = [Sentence((str(k),)) for k in range(30)]
    few, more = (_drawn(every, n, np.random.default_rng(seed)) for n in sorted((a or 30, b or 30)))
    assert more[: len(few)] == few
    assert len(set(more)) == len(more) == max(a or 30, b or 30)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 5))
def test_shuffling_moves_tags_and_nothing_else(lengths, seed):
    count = sum(lengths)
    data = Labelled([torch.ones(n, 1) for n in lengths], list(torch.arange(count).split(lengths)))
    other = _shuffled(data, np.random.default_rng(seed))
    assert other.inputs is data.inputs
    assert [len(one) for one in other.targets] == lengths
    assert sorted(torch.cat(list(other.targets)).tolist()) == list(range(count))


def test_the_most_frequent_tag_by_hand():
    training = [Sentence(("the", "love", "The", "love", "love", "Ada", "Bob"), "", tuple("DNDVVPP"))]
    test = [Sentence(("love", "the", "LOVE", "Carol", "ada"), "", tuple("VDNPP"))]
    # seen: V; seen: D; in lower case: V, wrong; unseen: P as most words seen once; "ada" was seen as Ada
    assert most_frequent(test, training) == pytest.approx(4 / 5)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XY")), min_size=1, max_size=12))
def test_no_tag_a_word_is_better_on_what_was_counted(pairs):
    words, tags = zip(*pairs, strict=True)
    best = sum(max(Counter(t for w, t in pairs if w == word).values()) for word in set(words))
    assert most_frequent([Sentence(words, "", tags)], [Sentence(words, "", tags)]) == pytest.approx(best / len(pairs))


def _made(corpus: str, shares: dict[tuple[str, int | None], tuple[str, list[float]]]) -> list[Record]:
    texts = {"tags": corpus, "sentiment": "x"}
    return [
        Record({name: share, "sentences": 9.0}, texts=texts, trial=_trial(arm, seed, size, {corpus: "12ab"}))
        for (arm, size), (name, values) in shares.items()
        for seed, share in enumerate(values)
    ]


def _trial(arm, seed, size, inputs):
    return Trial(arm, seed, {} if size is None else {"sentences": size}, inputs)


def test_verdicts_on_records_made_by_hand():
    plan = Plan(sizes=(10, 0))
    shares = {
        (ALONE, None): ("tags", [0.96, 0.95]), (WORDS, None): ("tags", [0.92, 0.91]),
        (FORWARDS, None): ("tags", [0.95, 0.945]),
        (TOGETHER, 0): ("tags", [0.95, 0.94]), (SINGLE, 10): ("sentiment", [0.6, 0.62]),
        (TOGETHER, 10): ("sentiment", [0.7, 0.72]), (SHUFFLED, 10): ("sentiment", [0.75, 0.77]),
    }  # fmt: skip
    found = find_study("15.34").findings(plan, _made("ewt", shares)[::-1])
    reported = {v.claim.key: (round(v.measured, 6), v.verdict) for v in found.claims if v.n}
    assert reported == {
        "few": (0.1, "holds"), "syntax": (-0.05, "does not hold"), "tags": (0.01, "does not hold"),
        "letters": (0.04, "holds"), "both": (0.0075, "undecided"), "goal": (0.955, "undecided"),
    }  # fmt: skip
    assert found.summary == (
        "With 10 sentences, sentiment accuracy gains from learning tags (0.1 accuracy gained); trained also on all "
        "sentiment sentences, the tagger loses half a point or more (0.01 accuracy lost); a control fails: sentiment "
        "gains more from shuffled tags than from true tags."
    )
    elsewhere = find_study("15.34").findings(plan, _made("reviews", shares)).claims
    assert {v.claim.key: v.n for v in elsewhere}["goal"] == 0  # the figure is EWT's


def test_seeds_are_compared_with_themselves_though_one_failed():
    shares = {(SINGLE, 10): ("sentiment", [0.1, 0.5, 0.9]), (TOGETHER, 10): ("sentiment", [0.2, 0.6, 1.0])}
    records = [r for r in _made("x", shares) if r.trial != _trial(SINGLE, 1, 10, {"x": "12ab"})]
    few = find_study("15.34").findings(Plan(sizes=(10,)), records).claims[0]
    assert (round(few.measured, 9), few.n) == (0.1, 2)


def test_nothing_at_all_leaves_every_claim_undecided():
    found = find_study("15.34").findings(Plan(), [])
    assert {v.verdict for v in found.claims} == {"undecided"}
    assert all(math.isnan(v.measured) for v in found.claims)
    assert found.figures == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"sizes": "5,5"}, "each once"), ({"sizes": "-1"}, "greater than or equal to 0"), ({"sizes": ""}, "integer"),
     ({"dropout": "1"}, "less than 1"), ({"updates": "0"}, "greater than 0"), ({"size": "5"}, "no plan field")],
)  # fmt: skip
def test_bad_plans_are_one_clear_line(setting, said):
    with pytest.raises(UnknownName, match=said) as caught:
        find_study("15.34").plan(True, setting)
    assert "\n" not in str(caught.value)


def test_unknown_sets_are_named(tmp_path):
    with pytest.raises(UnknownName, match="no sentences 'sst3'"):
        trials(replace(QUICK, data="sst3", tags="reviews"))
    with pytest.raises(UnknownName, match="no tagged sentences 'ewtt'"):
        run(replace(QUICK, tags="ewtt"), Trial(ALONE), Desk(tmp_path))


def test_every_claim_has_its_own_name_and_a_source():
    stated = claims(Plan())
    assert len({claim.key for claim in stated}) == len(stated)
    assert all(claim.source for claim in stated)
    assert {claim.key for claim in stated} - {claim.key for claim in claims(QUICK)} == {
        "all",
        "goal",
        "letters",
        "both",
    }
