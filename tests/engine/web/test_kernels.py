"""A cell's WebAssembly module, run in Node, against the CPU's kernels: values and gradients."""

# ruff: noqa: E501 - JavaScript

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import elman
from elman import Cell
from elman.cells import LSTMState
from elman.engine import web
from elman.tensors import tensors_of

from ...conformance.test_engines import CELLS
from .node import encoded, needs_node, parameters, products, run

T, B, I, H = 7, 5, 3, 6
SIZES = {"full": [B] * T, "ragged": [5, 5, 4, 4, 2, 1, 1]}
MAIN = """
async function main(given) {
  const decode = (s) => Uint8Array.from(Buffer.from(s, "base64"));
  const heap = await Heap.open({ bytes: decode(given.products.bytes), tile: given.products.tile });
  const found = [];
  const network = await Network.open(heap, given.manifest, decode(given.bytes), given.input, given.parameters);
  for (const run of given.runs) {
    const rows = rowsOf(run.alive), batch = { rows, x: run.x };
    const inference = numbersOf(heap, network.forward(batch, false).outputs);
    network.forget();
    const ready = network.forward(batch), finals = {};
    given.manifest.moving.forEach((i, k) => { finals[`grad_state${i}`] = fromNumbers(heap, [rows.B, given.manifest.states[i].width], run.gradFinals[k]); });
    const outputs = numbersOf(heap, ready.outputs), ends = given.manifest.moving.map((i) => numbersOf(heap, ready.finals[`state${i}`]));
    const gradOut = fromNumbers(heap, [rows.total, given.manifest.output], run.gradOut);
    const gradients = network.backward(ready, gradOut, finals, run.cut ?? 0).map((g) => g && numbersOf(heap, g));
    const seen = network.watch(batch);
    network.forget();
    found.push({ inference, outputs, ends, gradients, seen });
  }
  return found;
}
"""
MODULES = ("operators.js", "runtime.js")


def case(cell, alive):
    x = torch.randn(sum(alive), cell.input_size)
    lengths = [sum(n > row for n in alive) for row in range(alive[0])]
    padded = torch.zeros(len(alive), alive[0], cell.input_size)
    places = [(t, row) for t, n in enumerate(alive) for row in range(n)]
    for r, (t, row) in enumerate(places):
        padded[t, row] = x[r]
    with elman.use_engine("native"):
        outputs, state = elman.unroll(cell, padded, lengths=torch.tensor(lengths))
    outputs = torch.stack([outputs[t, row] for t, row in places])
    return x, outputs, state


def flat(tensor):
    return tensor.detach().flatten().tolist()


def close(name, got, expected, tolerance=1e-6):
    expected = torch.as_tensor(expected).detach().flatten().double()
    got = torch.tensor([float(x) for x in got], dtype=torch.float64)
    scale = max(1.0, expected.abs().max().item())
    assert_close(got, expected, rtol=0, atol=tolerance * scale, msg=lambda m: f"{name}: {m}")


def held_to_the_cpu(cell, tmp_path, tolerance=1e-6):
    module = web.compile(cell)
    moving, runs, expected = module.manifest["moving"], [], []
    for alive in SIZES.values():
        x, outputs, state = case(cell, alive)
        grad_out = torch.randn_like(outputs)
        grad_finals = [torch.randn_like(state[i]) for i in moving]
        loss = (outputs * grad_out).sum() + sum(
            ((state[i] * g).sum() for i, g in zip(moving, grad_finals, strict=True)), 0
        )
        names = [name for name, _ in tensors_of(cell)]
        leaves = [tensor for _, tensor in tensors_of(cell)]
        trained = [leaf for leaf in leaves if leaf.requires_grad]
        by_leaf = dict(zip(map(id, trained), torch.autograd.grad(loss, trained, allow_unused=True), strict=True))
        runs.append({
            "alive": alive, "x": flat(x), "gradOut": flat(grad_out), "gradFinals": [flat(g) for g in grad_finals]
        })  # fmt: skip
        expected.append((outputs, [state[i] for i in moving], names, [by_leaf.get(id(leaf)) for leaf in leaves]))
    given = {
        "products": products(), "manifest": module.manifest, "bytes": encoded(module.bytes), "input": cell.input_size,
        "parameters": parameters(cell), "runs": runs,
    }  # fmt: skip
    for got, (outputs, ends, names, gradients) in zip(run(MODULES, MAIN, given, tmp_path), expected, strict=True):
        close("inference", got["inference"], outputs, tolerance)
        close("outputs", got["outputs"], outputs, tolerance)
        for i, end in enumerate(ends):
            close(f"final state {i}", got["ends"][i], end, tolerance)
        for name, mine, gradient in zip(names, got["gradients"], gradients, strict=True):
            if gradient is not None:
                assert mine is not None, name
                close(f"gradient of {name}", mine, gradient, tolerance)
        shown = module.manifest["shown"]
        width = sum(one["width"] for one in shown)
        seen = torch.tensor([float(v) for v in got["seen"]]).view(-1, width)
        close("the watched outputs", seen[:, : outputs.shape[1]].flatten().tolist(), outputs, tolerance)


class Heads(Cell):
    """A matrix for each head, a matrix memory in each row, functions of the C library."""

    state_type = LSTMState

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, hidden_size)
        self.R = nn.Parameter(torch.randn(2, hidden_size // 2, hidden_size // 2) / 2)
        self.M = nn.Parameter(torch.randn(hidden_size // 2, hidden_size // 2) / 2)

    def drive(self, x):
        return self.W(x)

    def initial_state(self, batch_size):
        like = self.R.new_zeros
        return LSTMState(like(batch_size, self.hidden_size), like(batch_size, 2, self.hidden_size // 2))

    def step(self, drive, state):
        h = state.h.view(-1, 2, self.hidden_size // 2)
        moved = torch.einsum("bgk,gkn->bgn", h, self.R) + h @ self.M
        c = torch.sigmoid(moved) * state.c + torch.atan(drive).view_as(h)
        mixed = torch.softmax(c @ h.transpose(1, 2), -1) @ c
        return LSTMState(torch.tanh(mixed.flatten(1) + torch.sin(drive)), c)


@needs_node
def test_products_of_groups_and_of_rows(tmp_path):
    torch.manual_seed(0)
    held_to_the_cpu(Heads(I, H), tmp_path, 2e-6)


@needs_node
@pytest.mark.parametrize("cell_type", CELLS, ids=lambda kind: kind.__name__)
def test_every_cell_equals_the_cpu(cell_type, tmp_path):
    torch.manual_seed(0)
    # a norm over six numbers magnifies rounding: the CPU's kernels are as far from float64 as these are from them
    held_to_the_cpu(cell_type(I, H), tmp_path, 5e-6 if "Norm" in cell_type.__name__ else 1e-6)
