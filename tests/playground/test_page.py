"""The page as a file: it is one, asks for nothing, and says what it cannot do."""

# ruff: noqa: E501 - JavaScript

import base64
import hashlib
import json
import re

import pytest
import torch
from torch import nn

import elman
from elman import Cell, State
from elman.playground import Playground
from elman.playground.bundle import page
from elman.playground.cells import entry
from elman.playground.scripts import PAGE, WORKER, joined
from elman.playground.start import starts

from ..engine.web.node import needs_node, products, run


@pytest.fixture(scope="module")
def small():
    return entry("GRUCell", elman.cells.GRUCell, [8])


def test_a_page_is_one_file_that_asks_for_nothing(small):
    text = page([small])
    assert len(text) < 500_000
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        assert base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() in policy
    assert not re.search(r"(src|href)=\"?(?!data:|#)[a-z]", text)
    assert "http" not in text.replace("http://www.w3.org/", "").replace("Content-Security", "").replace(
        "http-equiv", ""
    )


def test_names_with_markup_are_data(small):
    evil = "</script><img src=x onerror=alert(1)>\u2028"
    text = page([small | {"name": evil}])
    assert text.count("</script>") == 3
    assert "<img" not in text
    data = re.search(r'<script type="application/json" id="shared">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(data)["cells"][0]["name"] == evil


def test_what_cannot_be_a_page_is_refused(small):
    with pytest.raises(ValueError, match="at least one cell"):
        page([])
    with pytest.raises(ValueError, match="got the cell GRUCell twice"):
        page([small, small])
    with pytest.raises(ValueError, match="positive integer"):
        elman.playground(elman.cells.RNNCell, hidden_sizes=[0])


def test_a_notebook_shows_it(tmp_path):
    shown = elman.playground(elman.cells.RNNCell(3, 5), settings="task=parity")
    assert isinstance(shown, Playground)
    frame = shown._repr_html_()
    assert frame.startswith("<iframe srcdoc=")
    assert frame.count("<") == 2
    assert shown.save(tmp_path / "page.html").read_text("utf-8") == shown.html
    assert '"size":5' in shown.html


@needs_node
def test_modules_join_to_one_script(tmp_path):
    for modules in (WORKER, PAGE):
        text = joined(*modules)
        assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
        names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", text, re.MULTILINE)
        assert len(names) == len(set(names))
    assert run(WORKER, "async function main() { return 1; }", {}, tmp_path) == 1


class Raw(Cell):
    """No drive: the step itself reads the input."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W, self.R = nn.Linear(input_size, hidden_size), nn.Linear(hidden_size, hidden_size)
        self.first = nn.Parameter(torch.randn(1, hidden_size))

    def initial_state(self, batch_size):
        return State(self.first.expand(batch_size, -1))

    def step(self, drive, state):
        return State(torch.tanh(self.W(drive) + self.R(state.h)))


TRAIN = """
async function main({ products, cells, settings }) {
  const decode = (s) => Uint8Array.from(Buffer.from(s, "base64")), sent = [];
  let clock = 0;
  const trainer = new Trainer({ products: { bytes: decode(products.bytes), tile: products.tile }, cells }, (m) => sent.push(m), () => (clock += 5));
  trainer.wait = (then) => { trainer.next = then; };
  await trainer.start(settings);
  for (let i = 0; i < 60 && trainer.running; i++) trainer.next();
  await trainer.take({ kind: "input", step: 0, value: 1 - trainer.one.tokens[0] });
  const edited = sent[sent.length - 1].edited;
  await trainer.take({ kind: "undo" });
  const kinds = [...new Set(sent.map((m) => m.kind))], rows = sent.filter((m) => m.kind === "progress").flatMap((m) => m.log);
  const moved = trainer.models.map((m) => m.network.parameters.map((p) => p.name));
  return { kinds, first: rows[0], last: rows[rows.length - 1], edited, undone: !sent[sent.length - 1].edited, bytes: trainer.models[0].heap.memory.buffer.byteLength, moved, running: trainer.running };
}
"""


def training(entries, tmp_path, **settings):
    own = {"networks": [{"cell": one["name"], "size": 8, "forgetBias": None} for one in entries]}
    settings = (
        own | {"task": "parity", "length": 8, "rate": 0.01, "cut": 0, "seed": 1, "text": "", "clip": 1} | settings
    )
    given = {"products": products(), "cells": entries, "settings": settings}
    return run(WORKER, TRAIN, given, tmp_path)


@needs_node
def test_two_networks_train_and_a_sequence_is_changed(small, tmp_path):
    raw = entry("Raw", Raw, [8])
    assert raw["sizes"][0]["manifest"]["input"] == 16
    got = training([small, raw], tmp_path)
    assert {"ready", "progress", "picture"} <= set(got["kinds"])
    assert got["last"][0] > 40
    assert got["last"][2] < 0.68
    assert got["edited"]
    assert got["undone"]
    assert got["bytes"] < 20e6


@needs_node
def test_a_network_that_diverges_stops_and_says_so(tmp_path):
    got = training([entry("IndRNNCell", elman.cells.IndRNNCell, [8])], tmp_path, rate=1e30, length=40)
    assert "diverged" in got["kinds"]
    assert not got["running"]


def test_how_weights_start_is_read_off():
    found = starts(lambda: Raw(50, 37))
    assert found["W.bias"][0]["law"] == "input"
    assert found["R.weight"][0]["high"] == pytest.approx(37**-0.5)
    assert found["first"][0]["kind"] == "normal"
    assert found["first"][0]["scale"] == pytest.approx(1, abs=0.1)


START = """
async function main({ pieces }) {
  const draw = (p, shape) => startOf(p, shape, 50, 2, new Chance(4));
  return { orthogonal: draw([{ kind: "orthogonal", rows: 6 }, { kind: "orthogonal", rows: 6 }], [12, 6]), wide: draw([{ kind: "orthogonal", rows: 4 }], [4, 9]),
    xavier: draw([{ kind: "uniform", law: "xavier", scale: 1, low: -1, high: 1, rows: 100 }], [100, 50]), normal: draw([{ kind: "normal", mean: 1, scale: 3, rows: 4000 }], [4000]),
    forget: draw([{ kind: "constant", value: 0, rows: 2 }, { kind: "forget", value: 1, rows: 2 }], [4]), signs: draw([{ kind: "signs", scale: 1, rows: 500 }], [500]), one: draw([{ kind: "constant", value: 7, rows: 1 }], []) };
}
"""


@needs_node
def test_weights_start_by_their_laws(tmp_path):
    got = {k: torch.tensor(v, dtype=torch.float32) for k, v in run(("chance.js",), START, {}, tmp_path).items()}
    for block in got["orthogonal"].view(2, 6, 6):
        torch.testing.assert_close(block @ block.t(), torch.eye(6), atol=1e-6, rtol=0)
    wide = got["wide"].view(4, 9)
    torch.testing.assert_close(wide @ wide.t(), torch.eye(4), atol=1e-6, rtol=0)
    bound = (6 / 150) ** 0.5
    assert 0.99 * bound < got["xavier"].abs().max() <= bound
    assert abs(got["xavier"].std() - bound / 3**0.5) < 0.02 * bound
    assert abs(got["normal"].mean() - 1) < 0.2
    assert abs(got["normal"].std() - 3) < 0.1
    assert got["forget"].tolist() == [0, 0, 2, 2]
    assert sorted(got["signs"].unique().tolist()) == [-1, 1]
    assert got["one"].tolist() == [7]


SETTINGS = """
async function main({ hashes, cells }) { return hashes.map((h) => [settingsOf(h, cells), hashOf(settingsOf(h, cells))]); }
"""


@needs_node
def test_settings_come_from_the_address_and_go_back(small, tmp_path):
    hashes = [
        "", "#cell=GRUCell&size=8&task=parity&length=24&rate=0.03&seed=7&cut=5", "#task=__proto__&length=1e9&rate=x&seed=-3",
        "#task=constructor&cell=%3Cimg%3E&size=NaN&length=&rate=Infinity", "#cell2=GRUCell&forget2=99",
    ]  # fmt: skip
    got = run(("chance.js", "tasks.js", "settings.js"), SETTINGS, {"hashes": hashes, "cells": [small]}, tmp_path)
    settings = [one for one, _ in got]
    assert settings[0]["networks"] == [{"cell": "GRUCell", "size": 8, "forgetBias": None}]
    assert got[1][1].startswith("#cell=GRUCell&size=8&task=parity&length=24&rate=0.03&cut=5&seed=7")
    assert (settings[2]["task"], settings[2]["length"], settings[2]["rate"], settings[2]["seed"]) == (
        "recall",
        100,
        0.01,
        0,
    )
    assert (settings[3]["task"], settings[3]["length"], settings[3]["rate"]) == ("recall", 16, 0.01)
    assert settings[4]["networks"][1]["forgetBias"] == 10
