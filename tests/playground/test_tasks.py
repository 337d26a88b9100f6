"""Tasks in the page: answers, chance, the best possible; and the same in Python."""

# ruff: noqa: E501 - JavaScript

import math

import pytest
import torch

from elman.cells import GRUCell, ODERNNCell
from elman.data.brackets import is_balanced
from elman.playground.cells import entry

from ..engine.web.node import needs_node, run

TASKS = ["recall", "copy", "parity", "brackets", "adding", "sine", "text"]
DRAW = """
async function main({ settings, cells }) {
  const found = {};
  for (const task of Object.keys(TASKS)) {
    const own = taskOf({ ...settings, task }), data = own.draw(200, new Chance(1)), again = own.draw(200, new Chance(1));
    found[task] = { data, same: JSON.stringify(data) === JSON.stringify(again), chance: own.chance, symbols: own.symbols, classes: own.classes };
    if (own.truth && data.tokens) {
      const one = data.tokens.filter((_, i) => i % 200 === 7);
      found[task].truth = own.truth(one, data.T);
    }
    const python = [];
    for (const networks of cells.map((cell) => [{ cell: cell.name, size: 4, forgetBias: null }])) for (const cut of [0, 4]) python.push(pythonOf({ ...settings, task, networks, rate: 0.01, seed: 1, cut }, cells));
    found[task].python = python;
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    cells = [entry("GRUCell", GRUCell, [4]), entry("ODERNNCell", ODERNNCell, [4])]
    given = {"settings": {"length": 12, "text": ""}, "cells": cells}
    return run(("chance.js", "tasks.js", "settings.js"), DRAW, given, tmp_path_factory.mktemp("tasks"))


def columns(data, name="tokens"):
    return torch.tensor([float(v) for v in data[name]]).view(data["T"], data["B"], -1).squeeze(-1)


@needs_node
def test_answers(drawn):
    assert list(drawn) == TASKS
    assert all(one["same"] for one in drawn.values())
    x, y = columns(drawn["recall"]["data"]), columns(drawn["recall"]["data"], "targets")
    assert torch.equal(y[-1], x[0])
    assert (y[:-1] == -1).all()
    x, y = columns(drawn["copy"]["data"]), columns(drawn["copy"]["data"], "targets")
    assert torch.equal(y[-3:], x[:3])
    assert (x[-3] == 9).all()
    x, y = columns(drawn["parity"]["data"]), columns(drawn["parity"]["data"], "targets")
    assert torch.equal(y, x.cumsum(0) % 2)
    data = drawn["adding"]["data"]
    x = columns(data, "x").view(12, 200, 2)
    assert (x[..., 1].sum(0) == 2).all()
    torch.testing.assert_close(columns(data, "targets")[-1], x.prod(-1).sum(0))
    assert abs(columns(data, "targets")[-1].var().item() - drawn["adding"]["chance"]) < 0.05
    y = columns(drawn["sine"]["data"], "targets")
    assert abs(y.square().mean().item() - drawn["sine"]["chance"]) < 0.05
    x, y = columns(drawn["text"]["data"]), columns(drawn["text"]["data"], "targets")
    assert torch.equal(x[1:], y[:-1])


@needs_node
def test_brackets_nest_and_their_best_loss_is_their_entropy(drawn):
    data, symbols = drawn["brackets"]["data"], drawn["brackets"]["symbols"]
    x, y = columns(data).long(), columns(data, "targets").long()
    assert torch.equal(x[1:], y[:-1])
    losses = []
    for row in range(200):
        text = "".join(symbols[k] for k in [*x[:, row].tolist(), y[-1, row].item()])
        stack = []
        for place, symbol in enumerate(text):
            close = {"(": ")", "[": "]"}.get(stack[-1]) if stack else None
            share = {"·": 0.2} | ({"(": 0.4, "[": 0.4} if not stack else {close: 0.8})
            if 0 < len(stack) < 8:
                share = {"(": 0.2, "[": 0.2, close: 0.45, "·": 0.15}
            if place:
                losses.append(-math.log(share[symbol]))
            if symbol in "([":
                stack.append(symbol)
            elif symbol in ")]":
                assert close == symbol
                stack.pop()
        closing = "".join({"(": ")", "[": "]"}[s] for s in reversed(stack))
        assert is_balanced(text.replace("·", "").replace("[", "(").replace("]", ")") + ")" * len(closing))
    assert data["best"] == pytest.approx(sum(losses) / len(losses))
    assert 0 < data["best"] < drawn["brackets"]["chance"]


@needs_node
@pytest.mark.parametrize("task", ["recall", "copy", "parity", "brackets", "text"])
def test_an_edited_sequence_gets_its_new_answers(drawn, task):
    truth, targets = drawn[task]["truth"], columns(drawn[task]["data"], "targets")[:, 7].long().tolist()
    last = -1 if task in ("brackets", "text") else None  # what follows the sequence is not in it
    assert truth[:last] == targets[:last]


@needs_node
@pytest.mark.parametrize("task", TASKS)
def test_the_page_goes_over_to_python(drawn, task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "your_text.txt").write_text("a text of one's own, which is short. " * 3, "utf-8")
    for text in drawn[task]["python"]:
        exec(compile(text.replace("range(1000)", "range(2)"), task, "exec"), {})
