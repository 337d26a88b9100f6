"""A composer: its score is that of its probabilities, its tunes are ABC, and the older command uses it too."""

from dataclasses import replace
from fractions import Fraction

import pytest

from elman.apps import Request, fit, load, score
from elman.apps.tasks.compose import TASK, grid_of
from elman.apps.tune_grams import fitted_grams, nats_of_tunes
from elman.apps.tunes import score as nats_per_note
from elman.data.errors import DataError
from elman.data.music.abc_notation import parse_tune
from elman.data.music.abc_writer import write_abc
from elman.data.music.folk import write_tune
from elman.data.music.melody import Melody
from elman.data.music.midi import read_midi, write_midi

SMALL = {"hidden_size": "16", "learning_rate": "0.02", "dropout": "0"}
TUNES = [replace(write_tune(seed), title=f"Tune {seed}") for seed in range(60)]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "book.abc"
    path.write_text("\n".join(write_abc(tune, k) for k, tune in enumerate(TUNES, 1)))
    return path


@pytest.fixture(scope="module", params=["", "GRUCell"])
def fitted(book, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fit("compose", [book], folder, request=Request(cell=request.param, settings=SMALL), updates=30)


def test_the_score_is_the_mean_over_all_notes(fitted, book):
    folder, report = fitted
    (model, gram), _ = report.scores
    composer = load(folder)
    records = TASK.read([book], Request()).records
    judged = composer.judge(records).score
    assert judged.value == pytest.approx(nats_per_note(composer.module, records), rel=1e-5)
    assert score(folder, [book]).scores[0][0].value == pytest.approx(judged.value)
    assert model.records == gram.records
    assert model.value < 6
    assert gram.of.startswith("a ")


def test_the_grams_of_a_tune_are_those_of_all():
    for name, gram in fitted_grams(TUNES[:20]).items():
        each = nats_of_tunes(name, gram, TUNES[20:30])
        weights = [len(tune.notes) + 1 for tune in TUNES[20:30]]
        alone = [nats_of_tunes(name, gram, [tune])[0] for tune in TUNES[20:30]]
        assert each == alone
        assert sum(w * v for w, v in zip(weights, each, strict=True)) / sum(weights) > 0


def test_a_header_gives_a_tune_in_abc(fitted, elman, tmp_path):
    folder, _ = fitted
    lines = ["K:D M:6/8", "M:3/4", "", "jig", "K:H", "K:D M:7/5"]
    answers = list(load(folder).use(lines, {"bars": "4", "seed": "3", "midi": str(tmp_path / "one.mid")}))
    assert [bool(answer.error) for answer in answers] == [False, False, False, True, True, True]
    first, second, third = (parse_tune(answer.text) for answer in answers[:3])
    assert (first.key, first.metre, first.length) == ("D", (6, 8), 48)
    assert second.metre == (3, 4)
    assert second.notes != third.notes
    assert read_midi(tmp_path / "one.mid").notes == first.notes
    assert "expected a header such as K:D M:6/8" in answers[3].error
    again = elman("use", folder, "K:D M:6/8", "--set", "bars=4", "--set", "seed=3")
    assert parse_tune(again).notes == first.notes


def test_the_older_command_takes_the_model(fitted, elman, tmp_path):
    said = elman("compose", "--model", fitted[0], "--key", "G", "--bars", "4", "--out", tmp_path / "tune.mid")
    assert "in G, 4/4, learned from" in said
    assert (tmp_path / "tune.mid").exists()


def test_it_resumes(book, tmp_path, interrupts):
    def run(folder, watch=None):
        return fit("compose", [book], folder, request=Request(settings=SMALL | {"dropout": "0.2"}), updates=20,
                   watch=watch)  # fmt: skip

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupts(9))
    assert run(tmp_path / "cut").curve == whole.curve


def test_the_grid_fits_the_tunes(tmp_path):
    triplets = [Melody(((60 + k, Fraction(4, 3)),) * 12, tonic=0) for k in range(5)]
    assert [grid_of(some) for some in (TUNES, triplets, TUNES + triplets)] == [1, 3, 3]
    assert grid_of(TUNES * 9 + triplets[:1]) == 1, "one of many is left aside"


def test_midi_without_keys_and_equal_tunes(tmp_path):
    for k, tune in enumerate([*TUNES[:12], TUNES[0].transposed(2)]):
        write_midi(tmp_path / f"{k}.mid", replace(tune, tonic=None))
    found = TASK.read([tmp_path], Request())
    assert len(found.records) == 12
    assert all(tune.tonic is not None for tune in found.records)
    assert any("1 tune that are the same" in one or "same as another" in one for one in found.said)


def test_what_cannot_be_learned(tmp_path, book):
    one = tmp_path / "one.abc"
    one.write_text("X:1\nK:C\nM:4/4\nL:1/4\nC8|D8|C40|]\n")
    with pytest.raises(DataError, match="no tune has one key and metre and fits"):
        fit("compose", [one], tmp_path / "m")
    with pytest.raises(DataError, match="cannot read"):
        fit("compose", [tmp_path / "nowhere.abc"], tmp_path / "m")
