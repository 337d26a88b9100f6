"""Models that read words: padding, other rows and pooling by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.cells import GRUCell, LSTMCell
from elman.nn import Recurrent
from elman.nn.classifier import pooled
from elman.nn.text import Tagger, TextClassifier, TokenEmbedding
from elman.nn.transformer import Transformer, positions

LENGTHS = [6, 1, 4]


def encoders():
    torch.manual_seed(0)
    return {
        "one way": Recurrent(LSTMCell, 8, 5),
        "two ways": Recurrent(GRUCell, 8, 5, num_layers=2, bidirectional=True),
        "transformer": Transformer(8, 12, 2, heads=2, dropout=0.1),
    }


@pytest.fixture
def tokens():
    return torch.randint(9, (6, 3, 2), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("name", encoders())
def test_padding_and_other_rows_do_not_matter(name, pooling, tokens):
    model = TextClassifier(TokenEmbedding([9, 9], [6, 2]), encoders()[name], 3, pooling).double().eval()
    tagger = Tagger(model.embedding, model.encoder, 4).double().eval()
    whole, tags = model(tokens, LENGTHS), tagger(tokens, LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone = tokens[:length, row : row + 1]
        torch.testing.assert_close(model(alone, [length])[0], whole[row])
        torch.testing.assert_close(tagger(alone)[:, 0], tags[:length, row])
    other = tokens.clone()
    other[torch.arange(6)[:, None] >= torch.tensor(LENGTHS)] = 7
    assert torch.equal(model(other, LENGTHS), whole)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans())
def test_pooling_by_hand(lengths, both):
    outputs = torch.randn(5, len(lengths), 4, dtype=torch.float64)
    for row, n in enumerate(lengths):
        own = outputs[:n, row]
        last = torch.cat([own[-1, :2], own[0, 2:]]) if both else own[-1]
        for how, expected in (("mean", own.mean(0)), ("max", own.amax(0)), ("last", last)):
            torch.testing.assert_close(pooled(outputs, lengths, how, both)[row], expected)


def test_nothing_to_decide_on():
    with pytest.raises(ValueError, match="at least one step"):
        pooled(torch.zeros(2, 2, 1), [1, 0])
    with pytest.raises(ValueError, match="no pooling 'sum'; there are last"):
        TextClassifier(TokenEmbedding([2], [4]), Recurrent(GRUCell, 4, 2), 2, "sum")


def test_lengths_and_pooling_that_do_not_exist():
    outputs = torch.zeros(3, 2, 1)
    with pytest.raises(ValueError, match="no pooling 'maximum'; did you mean max"):
        pooled(outputs, [2, 1], "maximum")
    for lengths in ([6, 1], [-1, 3], [2.5, 3.0], [1]):
        with pytest.raises(ValueError, match="lengths must"):
            pooled(outputs, lengths)
        with pytest.raises(ValueError, match="lengths must"):
            Transformer(8)(torch.zeros(3, 2, 8), lengths=lengths)


def test_unknown_words_are_met_in_training_alone(tokens):
    embedding = TokenEmbedding([9, 9], [6, 2], dropout=0.5)
    unknown = embedding.eval()(torch.zeros_like(tokens)).split([6, 2], -1)
    true = embedding(tokens).split([6, 2], -1)
    torch.manual_seed(0)
    seen = embedding.train()(tokens).split([6, 2], -1)
    are_unknown = [(some == none).all(-1) for some, none in zip(seen, unknown, strict=True)]
    for is_unknown, some, none, one in zip(are_unknown, seen, unknown, true, strict=True):
        assert torch.equal(some, torch.where(is_unknown[..., None], none, one))
        assert 0 < is_unknown.sum() < is_unknown.numel()
    assert (are_unknown[0] & ~are_unknown[1]).any()  # a word is forgotten and its ending is not


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1)])
def test_tokens_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"tokens must be \[T, B, 2\], got"):
        TokenEmbedding([9, 9], [6, 2])(torch.zeros(shape, dtype=torch.int64))


def test_positions_are_those_of_the_paper():
    found = positions(7, 6, torch.zeros((), dtype=torch.float64))
    for t in range(7):
        for k in range(3):
            angle = torch.tensor(t / 10_000 ** (2 * k / 6), dtype=torch.float64)
            torch.testing.assert_close(found[t, 2 * k], torch.sin(angle))
            torch.testing.assert_close(found[t, 2 * k + 1], torch.cos(angle))


def test_a_transformer_reads_order_and_empty_rows():
    torch.manual_seed(0)
    layer = Transformer(8, heads=2).double().eval()
    x = torch.randn(4, 2, 8, dtype=torch.float64)
    outputs, _ = layer(x, lengths=[4, 0])
    assert outputs.isfinite().all()
    assert not outputs[:, 1].any()
    turned, _ = layer(x.flip(0), lengths=[4, 0])
    assert not torch.allclose(turned[:, 0].sum(0), outputs[:, 0].sum(0))
    with pytest.raises(ValueError, match="multiple of the 4 heads, got 6"):
        Transformer(6)
