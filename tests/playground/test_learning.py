"""The page's loss, clipping and Adam against PyTorch's, and a whole model's updates against Elman's, in Node."""

# ruff: noqa: E501 - JavaScript

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss, one_hot
from torch.testing import assert_close

import elman
from elman.playground.cells import entry

from ..engine.web.node import needs_node, products, run

LEARNING = """
async function main({ logits, targets, outputs, wanted, start, gradients, rate, limit }) {
  const soft = crossEntropy(Float32Array.from(logits), targets, 5);
  const square = squaredError(Float32Array.from(outputs), wanted.map((y) => y ?? NaN));
  const parameters = start.map((p) => Float32Array.from(p)), adam = new Adam(start.map((p) => p.length), rate), norms = [];
  for (const step of gradients) {
    const own = step.map((g) => g && Float32Array.from(g));
    norms.push(clip(own.filter(Boolean), limit));
    adam.step(parameters, own);
  }
  return { soft, square, parameters, norms };
}
"""


@needs_node
def test_loss_and_optimiser_are_those_of_pytorch(tmp_path):
    torch.manual_seed(0)
    logits, targets = torch.randn(12, 5, requires_grad=True), torch.randint(-1, 5, (12,))
    outputs, wanted = torch.randn(9, requires_grad=True), torch.randn(9)
    asked = torch.rand(9) < 0.6
    parameters = [nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(7)), nn.Parameter(torch.randn(2))]
    optimizer = torch.optim.Adam(parameters, lr=0.03)
    start, steps, norms = [p.detach().flatten().tolist() for p in parameters], [], []
    for update in range(30):
        for p in parameters:
            p.grad = torch.randn_like(p) * 10 ** (update % 3 - 1)
        parameters[2].grad = None
        steps.append([None if p.grad is None else p.grad.flatten().tolist() for p in parameters])
        norms.append(nn.utils.clip_grad_norm_(parameters, 1.5).item())
        optimizer.step()
    got = run(("learning.js",), LEARNING, {
        "logits": logits.flatten().tolist(), "targets": targets.tolist(), "outputs": outputs.tolist(),
        "wanted": [y if a else None for y, a in zip(wanted.tolist(), asked.tolist(), strict=True)],
        "start": start, "gradients": steps, "rate": 0.03, "limit": 1.5,
    }, tmp_path)  # fmt: skip
    soft, square = cross_entropy(logits, targets, ignore_index=-1), mse_loss(outputs[asked], wanted[asked])
    (of_logits,), (of_outputs,) = torch.autograd.grad(soft, logits), torch.autograd.grad(square, outputs)
    assert_close(torch.tensor(got["soft"]["loss"]), soft.detach())
    assert_close(torch.tensor(got["soft"]["gradient"]), of_logits.flatten())
    hits = (logits.argmax(1) == targets)[targets >= 0].float().mean()
    assert_close(torch.tensor(got["soft"]["right"]), hits)
    assert_close(torch.tensor(got["square"]["loss"]), square.detach())
    assert_close(torch.tensor(got["square"]["gradient"]), of_outputs)
    assert_close(torch.tensor(got["norms"]), torch.tensor(norms))
    for mine, theirs in zip(got["parameters"], parameters, strict=True):
        assert_close(torch.tensor(mine), theirs.detach().flatten(), rtol=1e-5, atol=1e-6)


MODEL = """
async function main({ products, kind, task, settings, updates }) {
  const decode = (s) => Uint8Array.from(Buffer.from(s, "base64")), size = kind.sizes[0];
  const own = taskOf({ ...settings, task }), chance = new Chance(5);
  const model = await Model.open({ bytes: decode(products.bytes), tile: products.tile }, { ...size, bytes: decode(size.bytes), gap: kind.gap }, own, settings);
  const now = () => model.tensors.map((t, i) => Array.from(model.heap.floats.subarray(t.at, t.at + model.sizes[i])));
  const start = now(), batches = [], losses = [];
  for (let u = 0; u < updates; u++) { const data = own.draw(4, chance); batches.push(data); losses.push(model.update(data).loss); }
  return { start, end: now(), batches, losses, names: model.trained.map((i) => model.network.parameters[i].name), inputs: own.inputs, outputs: own.outputs };
}
"""
MODULES = ("operators.js", "runtime.js", "chance.js", "learning.js", "tasks.js", "model.js")


def trained(kind, task, cut, tmp_path, updates=3):
    settings = {"length": 9, "seed": 3, "rate": 0.01, "cut": cut, "clip": 1, "forgetBias": 2}
    given = {
        "products": products(),
        "kind": entry("A", kind, [10]),
        "task": task,
        "settings": settings,
        "updates": updates,
    }
    return run(MODULES, MODEL, given, tmp_path)


def replayed(kind, got, cut, updates=3):
    cell, head = kind(got["inputs"], 10), nn.Linear(10, got["outputs"])
    own = dict(cell.named_parameters())
    tensors = [*(own[name] for name in got["names"]), head.weight, head.bias]
    for tensor, numbers in zip(tensors, got["start"], strict=True):
        tensor.data = torch.tensor(numbers, dtype=torch.float32).view_as(tensor)
    optimizer, losses = torch.optim.Adam(tensors, lr=0.01), []
    for data in got["batches"]:
        T, B = data["T"], data["B"]
        if "tokens" in data:
            x = one_hot(torch.tensor(data["tokens"]).view(T, B), got["inputs"]).float()
        else:
            x = torch.tensor(data["x"], dtype=torch.float32).view(T, B, got["inputs"])
        outputs, state = [], None
        for piece in x.split(cut or T):
            state = state and type(state)(*(field.detach() for field in state))
            some, state = elman.unroll(cell, piece, state)
            outputs.append(some)
        said, targets = head(torch.cat(outputs)).flatten(0, 1), torch.tensor([float(y) for y in data["targets"]])
        if got["outputs"] > 1:
            loss = cross_entropy(said, targets.long(), ignore_index=-1)
        else:
            loss = mse_loss(said[~targets.isnan(), 0], targets[~targets.isnan()])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tensors, 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses, [tensor.detach().flatten().tolist() for tensor in tensors]


@needs_node
def test_updates_are_those_of_pytorch(tmp_path):
    for kind, task, cut in [
        (elman.cells.LSTMCell, "copy", 0), (elman.cells.MGUCell, "adding", 0), (elman.cells.GRUCell, "parity", 4),
    ]:  # fmt: skip
        torch.manual_seed(0)
        got = trained(kind, task, cut, tmp_path)
        losses, end = replayed(kind, got, cut)
        assert_close(torch.tensor(got["losses"]), torch.tensor(losses), rtol=1e-5, atol=1e-6)
        for mine, theirs in zip(got["end"], end, strict=True):
            assert_close(
                torch.tensor(mine, dtype=torch.float32), torch.tensor(theirs), rtol=0, atol=2e-4
            )  # Adam divides by tiny numbers
        if kind is elman.cells.LSTMCell:
            bias = torch.tensor(got["start"][got["names"].index("bias")])
            assert bias.chunk(4)[1].unique().tolist() == [2.0]
