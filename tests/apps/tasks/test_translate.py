"""A translator of one's own pairs: sentences and inflected forms, the scores, and the older command."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.apps import Request, fit, load, score
from elman.apps.chrf import chrf
from elman.apps.tasks.translate import TASK, scored
from elman.apps.translating import translated
from elman.baselines.suffixes import SuffixChanges
from elman.data.errors import DataError
from elman.errors import UnknownName

SMALL = {"hidden_size": "16", "embedding_size": "8", "learning_rate": "0.02", "batch_size": "16", "dropout": "0"}


def verbs(count):
    choice = random.Random(0)
    lemmas = {"".join(choice.choice(["ba", "do", "ki", "lu", "me"]) for _ in range(3)) for _ in range(4 * count)}
    return sorted(lemmas)[:count]


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "forms.tsv"
    rows = [f"{lemma}\t{lemma}{end}\t{tags}" for lemma in verbs(60) for end, tags in (("t", "V;PST"), ("s", "V;PRS"))]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    words = {"red": "rot", "blue": "blau", "house": "Haus", "dog": "Hund", "big": "gross", "old": "alt"}
    choice = random.Random(1)
    rows = [choice.choices(list(words), k=choice.randint(2, 4)) for _ in range(120)]
    (folder / "a.en").write_text("\n".join(map(" ".join, rows)) + "\n")
    (folder / "a.de").write_text("\n".join(" ".join(words[w] for w in row) for row in rows) + "\n")
    return [folder / "a.en", folder / "a.de"]


def fitted_to(files, folder, cell="", watch=None, updates=60):
    return fit("translate", files, folder, request=Request(cell=cell, settings=SMALL), updates=updates, watch=watch)


@pytest.fixture(scope="module", params=["", "LSTMCell"])
def inflecting(forms, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fitted_to([forms], folder, request.param)


@pytest.fixture(scope="module")
def translating(sentences, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fitted_to(sentences, folder)


def test_inflected_forms(inflecting, forms, elman):
    model, baseline = inflecting[1].scores[0]
    assert model.measure == "exact match"
    assert baseline.value == 1  # one suffix for each tag
    found = score(inflecting[0], [forms]).scores[0][0]
    fitted = load(inflecting[0])
    records = TASK.read([forms], Request()).records
    written = ["".join(row) for row in translated(fitted.module, fitted.codes, [one.text.source for one in records])]
    assert found.value == pytest.approx(sum(w == one.target for w, one in zip(written, records, strict=True)) / 120)
    lemma = verbs(60)[0]
    shown = elman("use", inflecting[0], f"{lemma}\tV;PST").strip()
    assert shown == written[[one.text.source for one in records].index(("V", "PST", *lemma))]
    assert elman("translate", "--model", inflecting[0], f"{lemma}\tV;PST").strip() == shown
    assert "expected a lemma, a tab" in elman("use", inflecting[0], lemma, code=1)


def test_sentences(translating, elman):
    model, baseline = translating[1].scores[0]
    assert model.measure == "chrF"
    assert baseline.of.startswith("the target of the same training source")
    given = b"red house\n\nold dog\n"
    shown = elman("use", translating[0], given=given)
    assert shown == elman("translate", "--model", translating[0], given=given)
    assert len(shown.splitlines()) == 3
    wide = json.loads(elman("use", translating[0], "red house", "--json", "--set", "beam=3"))
    both = json.loads(elman("translate", "--model", translating[0], "red house", "--json", "--beam", "3"))
    assert wide["written"] == both["written"][0]["text"]


def test_an_interrupted_fit_resumes(forms, tmp_path, interrupts):
    whole = fitted_to([forms], tmp_path / "whole", updates=20)
    with pytest.raises(KeyboardInterrupt):
        fitted_to([forms], tmp_path / "cut", watch=interrupts(13), updates=20)
    assert fitted_to([forms], tmp_path / "cut", updates=20).curve == whole.curve


def test_baselines(tmp_path):
    (tmp_path / "p.tsv").write_text("".join(f"s{k}\tt{k}\n" for k in range(12)))
    records = TASK.read([tmp_path / "p.tsv"], Request()).records
    assert records[0].form.units == "characters"
    learner = TASK.learner(records[:8], records[8:], Request(settings=SMALL))
    assert learner.baseline(records[7:9])[1].values == [1.0, 0.0]
    assert scored(records[:2], ["t0", "s1"]).values == [1.0, 0.0]
    changes = SuffixChanges([("A", "ab", "ac"), ("A", "db", "dx"), ("A", "eb", "ex")])
    assert [changes("A", lemma) for lemma in ("ab", "zb", "z")] == ["ac", "zx", "z"]


@given(st.text("ab c", max_size=12), st.text("ab c", max_size=12))
def test_chrf_is_sacrebleu_s(written, reference):
    metrics = pytest.importorskip("sacrebleu.metrics")
    expected = metrics.CHRF().sentence_score(written, [reference]).score
    assert chrf(written, reference) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("settings", "error", "said"), [
    ({"tokeniser": "word"}, UnknownName, "words"), ({"units": "bytes"}, UnknownName, "setting units, given 'bytes'"),
])  # fmt: skip
def test_settings_that_do_not_exist(forms, tmp_path, settings, error, said):
    with pytest.raises(error, match=said):
        fit("translate", [forms], tmp_path / "m", request=Request(settings=settings), updates=2)


def test_what_is_refused(inflecting, sentences, forms, tmp_path, rewrite):
    with pytest.raises(ValueError, match="lemmas with features"):
        score(inflecting[0], sentences)
    (tmp_path / "p.tsv").write_text("".join(f"s{k}\tt{k}\n" for k in range(12)))
    with pytest.raises(DataError, match="have features and others do not"):
        TASK.read([forms, tmp_path / "p.tsv"], Request())
    (tmp_path / "short.de").write_text("Haus\n")
    with pytest.raises(DataError, match="parallel files have as many"):
        TASK.read([sentences[0], tmp_path / "short.de"], Request())
    with pytest.raises(UnknownName, match="setting beam, given '0'"):
        next(load(inflecting[0]).use(["a\tV"], {"beam": "0"}))
    rewrite(inflecting[0], lambda about: about["notes"]["source"].append("zz"))
    with pytest.raises(ValueError, match="does not hold a translator"):
        load(inflecting[0])
