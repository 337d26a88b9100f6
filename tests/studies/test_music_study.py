"""Study 15.24: the model against its own definition, what it writes, and the study run small."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from elman.apps.composing import compose
from elman.apps.piano_roll import piano_roll, roll
from elman.apps.tune_grams import grams_of
from elman.apps.tunes import (
    BELOW,
    LONGEST,
    PITCHES,
    Settings,
    TuneModel,
    batched,
    encode,
    fits,
    load_tunes,
    save_tunes,
    score,
)
from elman.data.music.folk import write_tune
from elman.data.music.library import split_tunes, tunes
from elman.data.music.melody import REST, Melody, Note
from elman.data.music.midi import read_midi, write_midi
from elman.errors import UnknownName
from elman.lab.study import Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.studies import find_study
from elman.studies.ex24_music import study as ex24_music
from elman.studies.ex24_music.measures import MEASURES, measured

TINY = ex24_music.Plan(
    tunes="grammar", arms=("LSTM", "from C, transposed"), hidden_size=16, dropout=0.0, updates=2, batch_size=4,
    samples=3, kept=1, seeds=2,
)  # fmt: skip
TUNES = [write_tune(seed) for seed in range(6)]


def net(**settings):
    torch.manual_seed(0)
    return TuneModel(Settings(hidden_size=16, dropout=0.0, **settings)).eval()


def in_c(reference):
    return net(reference=reference, beat=True)


def test_the_events_are_a_distribution():
    model = net()
    known = model.encode(encode(model.settings, TUNES[:1]))[0][:3]
    durations = model.duration_scores(known).exp()
    assert durations.sum(-1).tolist() == [pytest.approx([1])] * 3
    pitches = [model.pitch_scores(known, torch.full((3, 1), d)).exp() for d in range(1, LONGEST + 1)]
    joint = torch.stack([durations[..., d, None] * p for d, p in enumerate(pitches, 1)])
    assert joint.shape[-1] == PITCHES
    total = joint.sum((0, -1)) + durations[..., 0]
    assert total[:, 0].tolist() == pytest.approx([1] * 3, abs=1e-5)


def test_the_loss_is_a_mean_over_notes_and_ends():
    model = net(beat=True)
    total, count = 0.0, 0
    with torch.no_grad():
        for tune in TUNES[:3]:
            batch = encode(model.settings, [tune])
            known = model.encode(batch)[0]
            for t, note in enumerate([*tune.notes, None]):
                d = 0 if note is None else note.duration
                total -= model.duration_scores(known[t])[0, d].item()
                if note is not None:
                    pitch = note.pitch - (60 + (tune.tonic or 0) - BELOW - 1)
                    total -= model.pitch_scores(known[t], torch.tensor([d]))[0, pitch].item()
                count += 1
        assert model.loss(encode(model.settings, TUNES[:3])).item() == pytest.approx(total / count, rel=1e-4)
    assert score(model, TUNES[:3], batch_size=2) == pytest.approx(total / count, rel=1e-4)


def test_encoding_by_hand():
    settings = Settings(beat=True)
    tune = Melody(((62, 2), (REST, 4), (74, 16)), pickup=2, tonic=2)
    batch = encode(settings, [tune, Melody(((62, 1),), tonic=2)])
    assert batch.next_pitches.T.tolist() == [[BELOW + 1, 0, BELOW + 13, -100], [BELOW + 1, -100, -100, -100]]
    assert batch.next_durations.T.tolist() == [[2, 4, 16, 0], [1, 0, -100, -100]]
    assert batch.beats.T.tolist() == [[14, 0, 4, 4], [0, 1, 0, 0]]
    assert batch.headers.T.tolist() == [[0, 0], [0, 0]]
    assert encode(replace(settings, reference="C"), [tune]).headers.T.tolist() == [[0, 2]]


def test_counted_from_the_tonic_keys_are_alike():
    tonic, c = in_c("tonic"), in_c("C")
    low = [tune for tune in TUNES if (tune.tonic or 0) <= 8]  # from B on, the tonic is that of the octave below
    moved = [tune.transposed(3) for tune in low]
    assert score(tonic, moved) == pytest.approx(score(tonic, low), rel=1e-5)
    assert score(c, moved) != pytest.approx(score(c, low), rel=1e-5)


def test_every_tune_once_a_round():
    settings = Settings(reference="C")
    batches = batched(settings, TUNES, 4, transpose=False, seed=0)
    seen = sorted(int((row[:, k] > 0).sum()) for b in (next(batches), next(batches)) for row in [b.next_durations]
                  for k in range(row.shape[1]))  # fmt: skip
    assert seen == sorted(len(tune.notes) for tune in TUNES)
    first = next(batched(settings, TUNES, 4, transpose=True, seed=1))
    again = next(batched(settings, TUNES, 4, transpose=True, seed=1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_what_fits():
    assert fits(Melody(((60, 32),), tonic=0))
    assert not fits(Melody(((60, 32),)))
    assert not any(fits(Melody((note,), tonic=0)) for note in ((60, 33), (30, 1), (120, 1)))


def test_triplets_fit_a_finer_grid():
    third = Fraction(4, 3)
    tune = Melody(((60, 4), (62, third), (64, third), (65, third), (67, 8)), pickup=4, tonic=0)
    assert not fits(tune)
    assert fits(tune, grid=3)
    assert fits(Melody(((60, Fraction(1, 2)),), tonic=0), grid=6)
    model = net(beat=True, grid=3)
    batch = encode(model.settings, [tune])
    assert batch.next_durations.T.tolist() == [[12, 4, 4, 4, 24, 0]]
    assert batch.beats.T.tolist() == [[36, 0, 4, 8, 12, 36]]
    assert score(model, [tune]) > 0
    written, _ = compose(model, [tune], torch.Generator().manual_seed(0), bars=2, begun=True)
    assert written[0].notes[:5] == tune.notes
    assert written[0].length == 36
    steps = [note.duration * 3 for note in written[0].notes]
    assert all(step == int(step) for step in steps)


def test_tunes_are_written_again_alike():
    model = in_c("tonic")

    def write(seed, temperature=1.0, **how):
        return compose(model, TUNES[:3], torch.Generator().manual_seed(seed), temperature, **how)[0]

    assert write(0) == write(0) != write(1)
    assert write(0, 0.0) == write(1, 0.0)
    written = write(2, bars=2)
    assert [tune.length - tune.pickup for tune in written] == [2 * tune.bar for tune in TUNES[:3]]
    assert [(t.key, t.metre, t.pickup) for t in written] == [(t.key, t.metre, t.pickup) for t in TUNES[:3]]
    begun = [replace(tune, notes=tune.notes[:4]) for tune in TUNES[:2]]
    for tune, start in zip(compose(model, begun, torch.Generator(), bars=8, begun=True)[0], begun, strict=True):
        assert tune.notes[:4] == start.notes
        assert tune.length - tune.pickup == 8 * tune.bar
    for temperature in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="temperature must be 0"):
            write(0, temperature)
    with pytest.raises(ValueError, match="longer than 1 bars"):
        compose(model, TUNES[:1], torch.Generator(), bars=1, begun=True)


def test_a_row_is_written_as_if_alone():
    model = in_c("tonic")
    together = compose(model, TUNES[:3], torch.Generator(), temperature=0, bars=3)[0]
    alone = [compose(model, [tune], torch.Generator(), temperature=0, bars=3)[0][0] for tune in TUNES[:3]]
    assert together == alone


def test_a_model_that_will_not_end_is_stopped():
    model = net()
    with torch.no_grad():
        model.head.bias[0] = -1e4
        model.head.bias[LONGEST] = 50
    written, ends = compose(model, TUNES[:1], torch.Generator())
    assert written[0].length == 1024
    assert ends == [0]


def test_saved_and_read(tmp_path):
    model = in_c("C")
    save_tunes(tmp_path, model, "grammar")
    again, source = load_tunes(tmp_path)
    assert (again.settings, source) == (model.settings, "grammar")
    assert score(again, TUNES) == score(model, TUNES)
    with pytest.raises(ValueError, match=r"model\.json is missing"):
        load_tunes(tmp_path / "nowhere")
    (tmp_path / "model.json").write_text(json.dumps({"kind": "Seq2Seq"}))
    with pytest.raises(ValueError, match="it is a Seq2Seq"):
        load_tunes(tmp_path)
    save_tunes(tmp_path, model, "grammar")
    (tmp_path / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="does not hold a model of tunes"):
        load_tunes(tmp_path)


def test_measures():
    real = measured(TUNES, TUNES)
    assert tuple(real) == MEASURES
    assert (real["in the scale"], real["nearest distance"], real["interval divergence"]) == (1, 0, 0)
    assert real["bars filled"] > 0.9
    with pytest.raises(ValueError, match="no tunes"):
        measured([], TUNES)
    one = measured([Melody(((60, 4),), tonic=0)], TUNES)
    assert math.isnan(one["bars filled"])
    assert math.isnan(one["interval divergence"])


def test_ngrams_know_no_key():
    own = [tune for seed in range(12) if 2 <= ((tune := write_tune(seed)).tonic or 0) <= 9]
    training, test = own[:-1], own[-1:]
    plain = grams_of(training, test)
    moved = grams_of([tune.transposed(2) for tune in training], [tune.transposed(-2) for tune in test])
    assert moved == pytest.approx(plain)
    assert min(plain, key=plain.__getitem__) != "unigram"


def test_a_piano_roll():
    drawn = roll(Melody(((60, 2), (REST, 2), (64, 1), (60, 300))), bars=1)
    figure = piano_roll(drawn, "a tune")
    assert drawn.shape == (128, 16)
    assert list(figure.y_ticks) == ["E4", "Eb4", "D4", "Db4", "C4"]
    assert list(piano_roll(drawn, "a tune", "D").y_ticks) == ["E4", "D#4", "D4", "C#4", "C4"]
    assert list(piano_roll(drawn, "a tune", "Fm").y_ticks) == ["E4", "Eb4", "D4", "Db4", "C4"]
    assert list(figure.values[0][:5]) == [0, 0, 0, 0, 2]
    assert list(figure.values[-1][:7]) == [2, 1, 0, 0, 0, 2, 1]


def test_a_small_run(tmp_path):
    (tmp_path / "own").mkdir()
    for seed in range(40):
        write_midi(tmp_path / "own" / f"{seed}.mid", write_tune(seed))
    plan = replace(TINY, tunes=str(tmp_path / "own"))
    own = tunes(plan.tunes)
    trials = ex24_music.trials(plan)
    assert [trial.arm for trial in trials] == ["LSTM"] * 2 + ["from C, transposed"] * 2 + ["n-grams"]
    assert trials[0].inputs == {"own": own.sha256}
    records = [replace(ex24_music.run(plan, t, Desk(tmp_path / t.name)), trial=t) for t in trials]
    model, source = load_tunes(tmp_path / "LSTM-seed0" / "model")
    test = split_tunes([tune for tune in own.tunes if fits(tune)])[2]
    assert source == "own"
    assert score(model, test) == pytest.approx(records[0].numbers["nats"], rel=1e-5)
    assert read_midi(tmp_path / "LSTM-seed0" / "tune-1.mid").title == "Elman 0.1"
    assert (tmp_path / "LSTM-seed1" / "tune-1.wav").stat().st_size > 1000
    assert not (tmp_path / "from-C-transposed-seed0" / "model").exists()
    assert records[0].numbers["in the scale|real"] == 1
    found = find_study("15.24").findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == ex24_music.claims(plan)
    assert {verdict.n for verdict in found.claims} == {2}
    assert len(found.figures) == 3
    assert [row[0] for row in found.tables[1].rows] == list(MEASURES)
    found.to_json()
    lost = find_study("15.24").findings(plan, records[2:])  # what is missing is not made up
    assert {verdict.verdict for verdict in lost.claims} == {"undecided"}
    assert lost.summary == "No network of the main arm has finished."


def test_tunes_that_are_too_few(tmp_path):
    write_midi(tmp_path / "a.mid", Melody((Note(60, 4),), tonic=0))
    plan = replace(TINY, tunes=str(tmp_path))
    with pytest.raises(TrialFailed, match="got 1 tunes of known key and usual range among the 1 of"):
        ex24_music.run(plan, Trial("LSTM"), Desk(tmp_path))


def test_the_study_is_found():
    study = find_study("15.24")
    assert study.title == "Melodies, one pitch and duration at a time"
    with pytest.raises(UnknownName, match="arms must be LSTM"):
        study.plan(settings={"arms": "GRU"})
    every = {claim.key for claim in ex24_music.claims(ex24_music.Plan(tunes="grammar"))}
    assert {"place", "transposed"} <= every
