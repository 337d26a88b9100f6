"""Exported models are ours at sizes never shown to the exporter; ONNX Runtime is the other implementation."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import elman
from elman.cells.lookup import public_cells
from elman.nn.exporting import export, to_onnx
from elman.nn.language_model import LanguageModel

LENGTHS = torch.tensor([0, 13, 5, 1])


def example():
    return torch.randn(7, 2, 3).abs(), torch.tensor([7, 4])


def other():
    return torch.randn(13, 4, 3, generator=torch.Generator().manual_seed(1)).abs()


def flat(value):
    return [value] if isinstance(value, torch.Tensor) else [t for one in value for t in flat(one)]


LAYERS = {
    "LSTM": lambda: elman.nn.LSTM(3, 5, 2, bidirectional=True),
    "LSTM, projected": lambda: elman.nn.LSTM(3, 5, proj_size=2),
    "GRU": lambda: elman.nn.GRU(3, 5),
    "RNN": lambda: elman.nn.RNN(3, 5, nonlinearity="relu"),
    "residual": lambda: elman.nn.Recurrent(elman.cells.MGUCell, 3, 3, 2, connection=elman.nn.Residual),
    "zoneout": lambda: elman.nn.Recurrent(
        lambda i, h: elman.cells.wrappers.Zoneout(elman.cells.LSTMCell(i, h), 0.1), 3, 5
    ),
}


FEW = ("LSTMCell", "LTCCell", "GRU", "zoneout")  # an export takes seconds


@pytest.mark.parametrize(
    "name",
    [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in (*public_cells(), *LAYERS)],
)
def test_a_program_is_the_layer_at_any_size(name):
    torch.manual_seed(0)
    layer = LAYERS[name]() if name in LAYERS else elman.nn.Recurrent(public_cells()[name], 3, 5, bidirectional=True)
    x, lengths = example()
    program = export(layer, x, lengths=lengths).module()
    layer.eval()
    for rows in (LENGTHS, torch.full((4,), 13)):
        assert_close(flat(program(other(), lengths=rows)), flat(layer(other(), lengths=rows)))


def test_a_program_is_saved_and_loaded_without_elman(tmp_path):
    torch.manual_seed(0)
    layer = elman.nn.Recurrent(elman.cells.LSTMCell, 3, 5)
    torch.export.save(export(layer, example()[0]), tmp_path / "layer.pt2")
    torch.save([other(), layer(other())[0].detach()], tmp_path / "expected.pt")
    code = (
        "import sys, torch; program = torch.export.load('layer.pt2').module();"
        "x, outputs = torch.load('expected.pt'); torch.testing.assert_close(program(x)[0], outputs);"
        "sys.exit('elman' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


@pytest.mark.parametrize(
    "name",
    ["LSTMCell", *(pytest.param(n, marks=pytest.mark.slow) for n in ("MGUCell", "ODERNNCell", "SLSTMCell", "GRU"))],
)
def test_onnx_runtime_agrees(name, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    runtime.set_default_logger_severity(3)
    torch.manual_seed(0)
    layer = LAYERS[name]() if name in LAYERS else elman.nn.Recurrent(public_cells()[name], 3, 5)
    x, lengths = example()
    session = runtime.InferenceSession(str(to_onnx(layer, tmp_path / "m" / "layer.onnx", x, lengths=lengths)))
    names = [one.name for one in session.get_inputs()]
    found = session.run(None, dict(zip(names, (other().numpy(), LENGTHS.numpy()), strict=True)))
    assert_close([torch.from_numpy(one) for one in found], flat(layer.eval()(other(), lengths=LENGTHS)))


def test_a_language_model():
    model = LanguageModel(11, 4, 6)
    program = export(model, torch.randint(11, (5, 2)))
    tokens = torch.randint(11, (9, 3))
    assert_close(flat(program.module()(tokens)), flat(model.eval()(tokens)))


def test_the_mode_is_put_back_and_the_engine_goes_on():
    layer = elman.nn.Recurrent(elman.cells.GRUCell, 3, 5).train()
    before = layer(other())[0]
    export(layer, example()[0])
    assert layer.training
    assert_close(layer(other())[0], before)


class Fixed(nn.Module):
    def forward(self, x):
        return sum(x[k] for k in range(7)) if x.shape[0] == 7 else x.sum(0)


def test_what_cannot_leave():
    layer = elman.nn.GRU(3, 5)
    with pytest.raises(ValueError, match=r"at least 2 steps and 2 rows .* got \[1, 2, 3\]"):
        export(layer, torch.randn(1, 2, 3))
    with pytest.raises(ValueError, match="at least 2 steps"):
        export(layer, torch.randn(5, 2, 3), lengths=torch.tensor([3]))
    with pytest.raises(ValueError, match="Fixed cannot be exported with dynamic sizes"):
        export(Fixed(), torch.randn(7, 2, 3))
