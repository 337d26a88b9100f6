"""15.22: a net conditioned on culture, its names, and their judges, against hand counts; and ``elman names``."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from elman.apps.names import END, Judges, batch, coded, grams_of, nats_of_each, nats_per_character, write_names
from elman.data.errors import DataError
from elman.data.names import names, split
from elman.data.vocabulary import Vocabulary
from elman.errors import UnknownName
from elman.lab.study import Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.nn.conditional import ConditionalLanguageModel, load_conditional
from elman.studies import find_study
from elman.studies.ex22_names import study as ex22_names

TINY = replace(
    ex22_names.QUICK, names="invented", hidden_size=8, updates=10, batch_size=8, asked=5, temperatures=(0.5, 1.3),
    seeds=2,
)  # fmt: skip
VOCABULARY = Vocabulary.from_text(END + "Aabn")
NOTES = {"cultures": ["X", "Y"], "vocabulary": VOCABULARY.to_json()}


def net(cell="GRU", conditions=2):
    torch.manual_seed(0)
    return ConditionalLanguageModel(len(VOCABULARY), conditions, 3, 2, 4, cell).eval()


@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_scores_step_by_step(cell):
    model = net(cell)
    pairs = [("X", "Anna"), ("Y", "Anna"), ("Y", "Ab")]
    expected = []
    with torch.no_grad():
        for culture, name in pairs:
            step, state, total = model.conditioned(torch.tensor([NOTES["cultures"].index(culture)])), None, 0.0
            codes = VOCABULARY.encode(END + name + END).tolist()
            for now, after in pairwise(codes):
                log_probs, state = step(torch.tensor([now]), state)
                total -= log_probs[0, after].item()
            expected.append(total)
    found = nats_of_each(model, coded(pairs, ["X", "Y"], VOCABULARY))
    assert [length for _, length in found] == [5, 5, 3]
    assert [nats for nats, _ in found] == pytest.approx(expected, rel=1e-5)
    assert expected[0] != pytest.approx(expected[1], rel=1e-3)
    assert nats_per_character(found) == pytest.approx(sum(expected) / 13, rel=1e-5)


def test_one_condition_costs_nothing():
    model = net(conditions=1)
    assert model.condition is None
    both = nats_of_each(model, coded([("X", "Ab"), ("Y", "Ab")], ["X", "Y"], VOCABULARY))
    assert both[0] == both[1]


def test_batches_are_padded_behind():
    conditions, inputs, targets = batch(coded([("Y", "Ab"), ("X", "")], ["X", "Y"], VOCABULARY))
    end, capital, _, b, _ = (VOCABULARY.characters.index(c) for c in "\nAabn")
    assert conditions.tolist() == [1, 0]
    assert inputs.T.tolist() == [[end, capital, b], [end, 0, 0]]
    assert targets.T.tolist() == [[capital, b, end], [end, -100, -100]]


def test_names_are_written_again_alike_and_never_empty():
    model = net()
    cultures = ["X", "Y"] * 20
    written = write_names(model, NOTES, cultures, 1.0, seed=1)
    assert written == write_names(model, NOTES, cultures, 1.0, seed=1)
    assert written != write_names(model, NOTES, cultures, 1.0, seed=2)
    assert all(0 < len(name) <= 40 and set(name) <= set("Aabn") for name in written)
    assert len(set(write_names(model, NOTES, ["X"] * 5, 0, seed=1))) == 1
    assert write_names(model, NOTES, [], 1.0, seed=1) == []


def test_a_model_that_writes_only_empty_names_is_an_error():
    model = net()
    with torch.no_grad():
        model.head.bias[VOCABULARY.characters.index(END)] = 1e4
    with pytest.raises(ValueError, match=r"only empty names at temperature 0\.5"):
        write_names(model, NOTES, ["X"], 0.5, seed=0)


def test_the_measures_by_hand():
    training = [("X", "Anna")]
    judge = [("X", "aa"), ("X", "aaa"), ("Y", "bb"), ("Y", "bbb")]
    parts = {"training": training, "check": [], "judge": judge, "test": [("X", "aaaa"), ("Y", "bbbb")]}
    judges = Judges(parts, "\nabn")
    samples = [("X", "aaaa"), ("X", "ANNA"), ("Y", "bbbb"), ("Y", "bbbb"), ("Y", "aaaa")]
    found = judges.measure(samples)
    confusion = judges.confusion(samples, ["X", "Y"])
    assert (found["novel"], found["distinct"], found["hits"]) == (0.8, 0.8, 0.6)
    assert confusion.sum(1).tolist() == [2, 3]
    assert confusion[1].tolist() == [1, 2]
    assert found["valid"] == confusion.trace() / 5
    real = judges.measure(parts["test"])
    assert real | {"likelihood": 0} == {"valid": 1, "novel": 1, "distinct": 1, "hits": 1, "likelihood": 0}
    assert real["likelihood"] < judges.measure([("X", "bbbb"), ("Y", "aaaa")])["likelihood"]


def test_ngrams_by_hand():
    parts = {"training": [("X", "a"), ("Y", "b")], "test": [("X", "a")]}
    # Witten-Bell over the begin's history {a, b}, and over the empty one {a, b, end, end}, and 1/3 below
    a, end = (1 + 3 / 3) / 7, (2 + 3 / 3) / 7
    expected = -(math.log((1 + 2 * a) / 4) + math.log((1 + 1 * end) / 2)) / 2
    found = grams_of(parts, 3)
    assert found["bigram"] == pytest.approx(expected)
    assert found["bigram, conditioned"] < found["bigram"]


def test_a_small_run(tmp_path):
    trials = ex22_names.trials(TINY)
    assert [trial.arm for trial in trials] == ["GRU"] * 2 + ["GRU, unconditioned"] * 2 + ["n-grams"] * 2
    assert trials[0].inputs == {"invented": names("invented").sha256}
    records = [replace(ex22_names.run(TINY, t, Desk(tmp_path / t.name)), trial=t) for t in trials]
    model, notes = load_conditional(tmp_path / "GRU-seed0" / "model")
    given = names("invented")
    test = split(given.pairs, 0)["test"]
    again = nats_of_each(model, coded(test, given.cultures, Vocabulary.from_json(notes["vocabulary"])))
    assert nats_per_character(again) == pytest.approx(records[0].numbers["nats"], rel=1e-5)
    assert records[0].numbers["hits|real"] == records[0].numbers["novel|real"] == 1
    assert not (tmp_path / "GRU-unconditioned-seed0" / "model").exists()
    found = find_study("15.22").findings(TINY, records)
    assert [verdict.claim for verdict in found.claims] == ex22_names.claims(TINY)
    assert {verdict.n for verdict in found.claims} == {2}
    assert len(found.figures) == 3
    assert [row[0] for row in found.tables[1].rows] == ["0.5", "1.3", "real names"]
    assert [row[0] for row in found.tables[3].rows] == list(given.cultures)
    found.to_json()
    lost = find_study("15.22").findings(TINY, records[2:])  # what is missing is not made up
    assert {verdict.claim.key: verdict.verdict for verdict in lost.claims}["ngram"] == "undecided"


def test_names_that_are_too_few(tmp_path):
    (tmp_path / "Ruritanian.txt").write_text("Otto\nEva\n")
    plan = replace(TINY, names=str(tmp_path))
    with pytest.raises(DataError, match="names of Ruritanian alone"):
        ex22_names.trials(plan)
    (tmp_path / "Freedonian.txt").write_text("Rufus\n")
    with pytest.raises(TrialFailed, match="too few names to split and judge by: 3"):
        ex22_names.run(plan, Trial("GRU"), Desk(tmp_path))


def test_the_study_is_found():
    assert find_study("15.22").title == "Names by culture, and what temperature does to them"
    with pytest.raises(UnknownName, match="no built-in cell 'RNN'"):
        ex22_names.trials(replace(TINY, cells=("RNN",)))


def test_a_further_cell_learns_and_leaves_no_model(tmp_path):
    """A saved model must be one that reading it again runs no code for."""
    plan = replace(TINY, cells=("MGUCell",))
    first = ex22_names.trials(plan)[0]
    assert (first.arm, list(first.inputs)) == ("MGUCell", ["invented"])
    record = ex22_names.run(plan, first, Desk(tmp_path))
    assert math.isfinite(record.numbers["nats"])
    assert not (tmp_path / "model").exists()
