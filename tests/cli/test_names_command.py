"""``elman names`` with an untrained model, and with words that are none."""

import json

import pytest
import torch

from elman.apps.names import write_names
from elman.data.vocabulary import Vocabulary
from elman.nn.conditional import ConditionalLanguageModel, load_conditional
from elman.nn.saving import save_made


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("results")
    made_of = {"vocabulary_size": 4, "conditions": 2, "hidden_size": 4, "cell": "GRU"}
    notes = {"cultures": ["Italian", "Irish"], "vocabulary": Vocabulary.from_text("\nabc").to_json()}
    folder = out / "15.22-names" / "quick" / "trials" / "GRU-seed0-1234" / "model"
    save_made(folder, ConditionalLanguageModel(**made_of), made_of, notes)
    save_made(out / "other", ConditionalLanguageModel(**made_of), made_of, {})
    return out


def test_names(elman, results):
    said = elman(
        "names", "--culture", "Irish", "--count", "3", "--seed", "5", "--temperature", "1.2", "--out", results
    )
    model = load_conditional(results / "15.22-names" / "quick" / "trials" / "GRU-seed0-1234" / "model")
    assert said.splitlines() == write_names(*model, ["Irish"] * 3, 1.2, seed=5)
    assert len(elman("names", "--culture", "Italian", "--out", results).splitlines()) == 10


def test_lines_of_cultures(elman, results):
    out = elman("names", "--count", "2", "--out", results, "-", given=b"Irish\n\nItalian\n").split("\n")
    assert [len(line.split("\t")) if line else 0 for line in out] == [2, 0, 2, 0]
    read = [json.loads(line) for line in elman("names", "Irish", "Irish", "--json", "--out", results).splitlines()]
    assert [one["text"] for one in read] == ["Irish", "Irish"]
    assert all(one["names"][0]["log_probability"] < 0 for one in read)
    rows = elman("names", "--culture", "Irish", "--count", "3", "--json", "--out", results).splitlines()
    assert [json.loads(row)["culture"] for row in rows] == ["Irish"] * 3
    refused = elman("names", "Irish", "Irisch", "--out", results, code=1)
    assert "argument 2: the model knows no culture 'Irisch'; did you mean Irish?" in refused


def test_cultures(elman, results):
    assert elman("names", "--out", results) == "Italian\nIrish\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--culture", "Italien"], 2, "the model knows no culture 'Italien'; did you mean Italian?"),
        (["--culture", "Zulu"], 2, "there are Italian, Irish"),
        (["--culture", "Irish", "--temperature", "-1"], 1, "temperature must be 0 (greedy) or a positive number"),
        (["--culture", "Irish", "--temperature", "nan"], 1, "temperature must be 0 (greedy) or a positive number"),
        (["--culture", "Irish", "--count", "0"], 2, "count"),
        (["--culture", "Irish", "--out", "nowhere"], 1, "`elman study 15.22 --quick` trains one"),
        (["--culture", "Irish", "--model", "nowhere"], 1, "no model in nowhere"),
    ],
)
def test_what_cannot_be(elman, results, words, code, said):
    assert said in elman("names", *([] if "--out" in words else ["--out", results]), *words, code=code)


def test_another_model(elman, results):
    assert "does not hold a model of study 15.22" in elman("names", "--model", results / "other", code=1)


def test_a_link_in_the_results_is_not_followed(elman, results, tmp_path):
    (tmp_path / "15.22-names" / "quick").mkdir(parents=True)
    (tmp_path / "15.22-names" / "quick" / "trials").symlink_to(results / "15.22-names" / "quick" / "trials")
    assert "no trained model in" in elman("names", "--out", tmp_path, code=1)
    (tmp_path / "results").symlink_to(results)
    assert elman("names", "--out", tmp_path / "results") == "Italian\nIrish\n", "the results folder itself may be one"
