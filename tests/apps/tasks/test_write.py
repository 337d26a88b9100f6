"""A writer: its score is the model's own, it resumes with its state, and the older command uses it too."""

import numpy as np
import pytest
import torch

from elman.apps import Request, fit, load, score
from elman.baselines.ngram import NGram
from elman.data.errors import DataError
from elman.data.texts import text
from elman.errors import UnknownName
from elman.train import evaluate

SMALL = {"hidden_size": "16", "embedding_size": "8", "window": "16", "batch_size": "4"}
WHOLE = text("pydoc").text[:8000]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "text.txt"
    path.write_text(WHOLE)
    return path


@pytest.fixture(scope="module", params=["", "GRUCell"])
def fitted(file, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fit("write", [file], folder, request=Request(cell=request.param, settings=SMALL), updates=30)


def test_the_score_is_the_mean_over_the_held_out_text(fitted):
    folder, report = fitted
    model, gram = report.scores[0]
    writer = load(folder)
    start = 7200  # 20 pieces of 400 characters: 16 to train on, 2 to choose by, 2 to test on
    tokens = torch.from_numpy(writer.vocabulary.encode(WHOLE[start:], unknown="skip"))
    assert model.value == pytest.approx(evaluate(writer.module, tokens), rel=1e-6)
    trained_on = WHOLE[: 400 * 16]
    assert gram.value == pytest.approx(NGram.fit(trained_on, 5).nats_per_character(WHOLE[start:]), rel=1e-6)
    assert model.records == gram.records >= 20


def test_nats_of_each_are_those_of_the_probabilities():
    gram = NGram.fit("abracadabra", 3)
    each = gram.nats_of_each("abra")
    known = [gram.probabilities("abra"[:k])[gram.vocabulary.encode("abra"[k])[0]] for k in (1, 2, 3)]
    assert each == pytest.approx(-np.log(known))


def test_it_writes_from_a_prompt_and_refuses_strange_characters(fitted, elman):
    folder, _ = fitted
    answers = list(load(folder).use(["The", "\N{SNOWMAN}", ""], {"length": "5", "temperature": "0"}))
    assert answers[0].text.startswith("The")
    assert len(answers[0].fields["text"]) == 5
    assert "has never seen" in answers[1].error
    assert len(answers[2].fields["text"]) == 5
    with pytest.raises(UnknownName, match="did you mean length"):
        list(load(folder).use(["The"], {"lenght": "5"}))
    said = elman("generate", "--model", str(folder), "--prompt", "The", "--length", "5", "--temperature", "0")
    assert said.strip() == answers[0].text.strip()


def test_it_resumes_with_the_state_that_it_carried(file, tmp_path, interrupts):
    def run(folder, watch=None):
        return fit("write", [file], folder, request=Request(settings=SMALL | {"hidden_size": "8"}), updates=120,
                   watch=watch)  # fmt: skip

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupts(31))
    assert run(tmp_path / "cut").curve == whole.curve


def test_a_further_text_is_scored(fitted, tmp_path):
    (tmp_path / "more.txt").write_text(WHOLE[:1500])
    assert score(fitted[0], [tmp_path / "more.txt"]).scores[0][0].records == 21  # 20 of 74 characters, and the rest


@pytest.mark.parametrize(("content", "said"), [("ab" * 400, "got a text of 800"), ("a" * 2000, "only the character")])
def test_texts_that_cannot_be_learned(tmp_path, content, said):
    (tmp_path / "text.txt").write_text(content)
    with pytest.raises(DataError, match=said):
        fit("write", [tmp_path / "text.txt"], tmp_path / "model")
