"""What the page shows of a cell: states, gates, gates held still, and the gradient that arrives at each step."""

import torch
from torch.testing import assert_close

import elman
from elman import Cell, State
from elman.engine import web
from elman.engine.web.watch import gates_of

from .node import encoded, needs_node, parameters, products, run

T, B, I, H = 6, 2, 3, 5
MAIN = """
async function main(given) {
  const decode = (s) => Uint8Array.from(Buffer.from(s, "base64"));
  const heap = await Heap.open({ bytes: decode(given.products.bytes), tile: given.products.tile });
  const network = await Network.open(heap, given.manifest, decode(given.bytes), given.input, given.parameters);
  const batch = { rows: rowsOf(new Array(given.T).fill(given.B)), x: given.x };
  const free = network.watch(batch), held = network.watch(batch, given.holds);
  network.forget();
  const one = { rows: rowsOf(new Array(given.T).fill(1)), x: given.x.slice(0, given.T * given.input) };
  const ready = network.forward(one), slope = fromNumbers(heap, [given.T, given.manifest.output], given.slope);
  return { free, held, arriving: network.arriving(ready, slope) };
}
"""


def watched(cell, x, holds, slope, tmp_path):
    module = web.compile(cell)
    given = {
        "products": products(), "manifest": module.manifest, "bytes": encoded(module.bytes), "input": cell.input_size,
        "parameters": parameters(cell), "x": x.flatten().tolist(), "T": T, "B": B, "slope": slope.flatten().tolist(),
        "holds": {one["hold"]: holds[one["name"]] for one in module.manifest["shown"] if one["name"] in holds},
    }  # fmt: skip
    return module.manifest["shown"], run(("operators.js", "runtime.js"), MAIN, given, tmp_path)


def lstm(cell, x, forget=None):
    h, c, rows = torch.zeros(B, H), torch.zeros(B, H), []
    for drive in cell.drive(x):
        i, f, g, o = (drive + h @ cell.weight_hh.t()).chunk(4, -1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        f = f if forget is None else torch.full_like(f, forget)
        c = f * c + i * torch.tanh(g)
        h = o * torch.tanh(c)
        rows.append(torch.cat([h, c, f, i, o], 1))
    return torch.stack(rows)


@needs_node
def test_states_and_gates_of_an_lstm(tmp_path):
    torch.manual_seed(0)
    cell, x, slope = elman.cells.LSTMCell(I, H), torch.randn(T, B, I), torch.randn(T, H)
    with torch.no_grad():
        free, held = lstm(cell, x), lstm(cell, x, 0.0)
    shown, got = watched(cell, x, {"σ(f)": 0}, slope, tmp_path)
    assert [one["name"] for one in shown] == ["h", "c", "σ(f)", "σ(i)", "σ(o)"]
    assert_close(torch.tensor(got["free"]).view_as(free), free, rtol=0, atol=1e-6)
    assert_close(torch.tensor(got["held"], dtype=torch.float32).view_as(held), held, rtol=0, atol=1e-6)


@needs_node
def test_the_gradient_that_arrives_at_each_step(tmp_path):
    torch.manual_seed(0)
    cell, x, slope = elman.cells.GRUCell(I, H), torch.randn(T, B, I), torch.randn(T, H)
    _, got = watched(cell, x, {}, slope, tmp_path)
    one = x.flatten()[: T * I].view(T, 1, I)  # the page's sequence has one row
    states, loss = [cell.initial_state(1)], torch.zeros(())
    states[0].h.requires_grad_()
    for t in range(T):
        states.append(cell.step(cell.drive(one[t]), states[-1]))
        loss = loss + (states[-1].h * slope[t]).sum()
    later = torch.autograd.grad(loss, [state.h for state in states[:T]])
    # before a step arrives what the later outputs send back, without the output of that state itself
    expected = [g - (slope[t - 1] if t else 0) for t, g in enumerate(later)]
    assert_close(torch.tensor(got["arriving"][0]), torch.stack([g.norm() for g in expected]), rtol=1e-5, atol=1e-6)


class TwoAtOnce(Cell):
    """Two gates of one call."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W = torch.nn.Linear(input_size, 2 * hidden_size)
        self.R = torch.nn.Linear(hidden_size, 2 * hidden_size)

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        keep, write = torch.sigmoid(drive + self.R(state.h)).chunk(2, -1)
        return State(keep * state.h + write)


def test_gates_are_named_as_in_the_step():
    assert [(g.name, g.call, g.start, g.width) for g in gates_of(TwoAtOnce(2, 3))] == [
        ("keep", 0, 0, 3), ("write", 0, 3, 3),
    ]  # fmt: skip
    assert [g.name for g in gates_of(elman.cells.GRUCell(2, 3))] == ["r", "z"]
    assert gates_of(elman.cells.RNNCell(2, 3)) == []


@needs_node
def test_a_gate_that_is_half_of_a_call(tmp_path):
    torch.manual_seed(0)
    cell, x = TwoAtOnce(I, H), torch.randn(T, B, I)
    shown, got = watched(cell, x, {"keep": 1}, torch.randn(T, H), tmp_path)
    width = sum(one["width"] for one in shown)
    held = torch.tensor(got["held"], dtype=torch.float32).view(T, B, width)
    keep, write = held[..., H : 2 * H], held[..., 2 * H :]
    assert (keep == 1).all()
    assert_close(held[..., :H], write.cumsum(0))
