"""Bad input raises what torch.nn raises, or something clearer, whichever engine would have run."""

import re

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

import elman
import elman.nn
from elman.errors import UnknownName
from elman.nn.conditional import ConditionalLanguageModel
from elman.nn.saving import make_seq2seq, make_text_model

from .same import HIDDEN, INPUT, KINDS

GOOD = torch.zeros(5, 2, INPUT)
PAIR = {"source_size": 5, "target_size": 6}
READER = {"kind": "Tagger", "sizes": [9], "widths": [4], "hidden_size": 6, "classes": 3}


def layer_of(kind, **options):
    return getattr(elman.nn, kind)(INPUT, HIDDEN, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [None, [2, 2]])
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.zeros(INPUT), ValueError, "Expected input to be 2D or 3D, got 1D"),
        (torch.zeros(1, 5, 2, INPUT), ValueError, "Expected input to be 2D or 3D, got 4D"),
        (torch.zeros(5, 2, INPUT + 1), RuntimeError, "Expected 3, got 4"),
        (
            torch.zeros(5, 2, INPUT, dtype=torch.float64),
            ValueError,
            r"RNN input dtype \(torch.float64\) does not match weight dtype \(torch.float32\)",
        ),
        (torch.zeros(5, 2, INPUT, dtype=torch.int64), ValueError, r"RNN input dtype \(torch.int64\) does not match"),
    ],
)
def test_bad_inputs(kind, lengths, x, error, message, engine):
    with elman.use_engine(engine), pytest.raises(error, match=message):
        layer_of(kind)(x, lengths=lengths)


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_that_are_no_sequences(kind, engine):
    with elman.use_engine(engine):
        with pytest.raises(TypeError, match="must be a Tensor, a PackedSequence or Symbols, got list"):
            layer_of(kind)([[1.0, 2.0, 3.0]])
        with pytest.raises(RuntimeError, match="sequence length to be larger than 0"):
            layer_of(kind)(torch.zeros(0, 2, INPUT))


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
@pytest.mark.parametrize("shape", [(1, 3, HIDDEN), (2, 2, HIDDEN), (1, 2, HIDDEN + 1), (2, HIDDEN)])
@pytest.mark.parametrize("lengths", [None, [2, 2]])
def test_bad_states(kind, shape, lengths, engine):
    with elman.use_engine(engine), pytest.raises(RuntimeError, match=r"hx|hidden size"):
        layer_of(kind)(GOOD, torch.zeros(shape), lengths=lengths)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("shape", [(1, 3, HIDDEN), (2, 2, HIDDEN), (1, 2, HIDDEN + 1), (2, HIDDEN)])
@pytest.mark.parametrize("lengths", [None, [2, 2]])
def test_bad_states_of_an_lstm(which, shape, lengths, engine):
    hx = [torch.zeros(1, 2, HIDDEN), torch.zeros(1, 2, HIDDEN)]
    hx[which] = torch.zeros(shape)
    with elman.use_engine(engine), pytest.raises(RuntimeError, match=r"hx|hidden"):
        layer_of("LSTM")(GOOD, tuple(hx), lengths=lengths)


def test_states_of_the_wrong_kind():
    h = torch.zeros(1, 2, HIDDEN)
    with pytest.raises(ValueError, match=r"hx of LSTM must be a pair \(h_0, c_0\), got one tensor"):
        layer_of("LSTM")(GOOD, h, lengths=[1, 2])
    with pytest.raises(ValueError, match="a tuple of 1"):
        layer_of("LSTM")(GOOD, (h,), lengths=[1, 2])
    with pytest.raises(ValueError, match="hx of GRU must be one tensor h_0, got a tuple of 2"):
        layer_of("GRU")(GOOD, (h, h), lengths=[1, 2])
    with pytest.raises(
        RuntimeError, match=r"not the same dtype, .*torch.float32 and hidden .*torch.float64: convert hx"
    ):
        layer_of("RNN")(GOOD, h.double(), lengths=[1, 2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([6, 1], "between 0 and the 5 steps of x, got 1 to 6"),
        ([-1, 1], "got -1 to 1"),
        ([1], "2 integers"),
        ([1, 2, 3], "2 integers"),
        ([[1, 2]], "2 integers"),
        ([1.5, 2.0], "integers.*float"),
        (torch.tensor([True, False]), "integers.*bool"),
    ],
)
def test_bad_lengths(kind, lengths, message, engine):
    with elman.use_engine(engine), pytest.raises(ValueError, match=message):
        layer_of(kind)(GOOD, lengths=lengths)


@pytest.mark.parametrize("kind", KINDS)
def test_lengths_of_a_packed_sequence(kind, engine):
    packed = pack_sequence([torch.zeros(3, INPUT), torch.zeros(1, INPUT)])
    with elman.use_engine(engine), pytest.raises(ValueError, match="has its own lengths"):
        layer_of(kind)(packed, lengths=[3, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_bad_arguments_raise_as_torch_does(kind):
    for arguments in [
        {"num_layers": 0},
        {"dropout": 2.0},
        {"bias": 1},
        {"batch_first": None},
        {"proj_size": 9},
    ]:
        with pytest.raises((TypeError, ValueError)) as theirs:
            getattr(torch.nn, kind)(INPUT, HIDDEN, **arguments)
        with pytest.raises(type(theirs.value), match=re.escape(str(theirs.value))):
            layer_of(kind, **arguments)


def test_a_device_or_an_engine_that_is_not_there():
    with elman.use_engine("loop"), pytest.raises(RuntimeError, match=r"meta.*cpu"):
        layer_of("GRU")(torch.zeros(5, 2, INPUT, device="meta"))
    with pytest.raises(ValueError, match="no engine named 'abacus'"), elman.use_engine("abacus"):
        pass


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: make_seq2seq(PAIR | {"cell": "GruCell"}), "no cell 'GruCell'; did you mean .*GRUCell"),
        (lambda: make_seq2seq(PAIR | {"head": "copy"}), "no head 'copy'; there are gen"),
        (lambda: make_text_model({"kind": "Taggr"}), "no kind 'Taggr'; did you mean Tagger"),
        (lambda: make_text_model(READER | {"cell": "transformr"}), "no cell 'transformr'; did you mean transformer"),
        (lambda: ConditionalLanguageModel(5, 2, cell="LSTN"), "no cell 'LSTN'; did you mean LSTM"),
    ],
)
def test_names_that_do_not_exist(make, said):
    with pytest.raises(UnknownName, match=said):
        make()
