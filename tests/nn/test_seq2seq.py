"""Attention, heads, and the model around them: by hand, by brute force, and against padding."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from elman.cells import GRUCell, LSTMCell, SLSTMCell
from elman.cells.wrappers import VariationalDropout, WeightDrop, Zoneout
from elman.nn.attention import AdditiveAttention, MultiplicativeAttention, masked_softmax
from elman.nn.heads import Generator, Glimpse, Pointer, PointerGenerator
from elman.nn.seq2seq import Seq2Seq

V, S, B, T = 11, 6, 4, 5
LENGTHS = [6, 1, 3, 0]


def a_model(**options):
    torch.manual_seed(0)
    return Seq2Seq(V, V, embedding_size=5, hidden_size=7, **options).double().eval()


def batch():
    torch.manual_seed(1)
    return torch.randint(V, (S, B)), torch.randint(V, (T, B))


KINDS = {
    "none": {"attention": None},
    "additive": {},
    "multiplicative": {"attention": MultiplicativeAttention},
    "pointer": {"head": Pointer},
    "pointer-generator": {"head": PointerGenerator},
    "lstm, one way": {"cell": LSTMCell, "bidirectional": False},
    "coverage": {
        "attention": lambda q, m: AdditiveAttention(q, m, coverage=True), "coverage": True, "head": PointerGenerator
    },
}  # fmt: skip


@pytest.fixture(params=KINDS)
def model(request):
    made = a_model(**KINDS[request.param])
    if made.coverage:
        nn.init.normal_(made.attention.w_c)
    return made


def test_additive_scores_by_hand():
    attention = AdditiveAttention(3, 4, 2).double()
    q, m = torch.randn(2, 3, 3, dtype=torch.float64), torch.randn(2, 5, 4, dtype=torch.float64)
    scores = attention.scores(q, attention.keys(m))
    for b, t, s in [(0, 0, 0), (1, 2, 4), (0, 1, 3)]:
        inside = attention.W.weight @ q[b, t] + attention.W.bias + attention.U.weight @ m[b, s]
        assert_close(scores[b, t, s], attention.v @ torch.tanh(inside))


def test_coverage_enters_the_additive_scores():
    torch.manual_seed(0)
    attention = AdditiveAttention(3, 4, 2, coverage=True).double()
    nn.init.normal_(attention.w_c)
    q, m = torch.randn(2, 3, 3, dtype=torch.float64), torch.randn(2, 5, 4, dtype=torch.float64)
    paid, keys = torch.rand(2, 5, dtype=torch.float64), attention.keys(m)
    scores = attention.scores(q, keys, paid)
    for b, t, s in [(0, 0, 0), (1, 2, 4), (0, 1, 3)]:
        inside = attention.W(q[b, t]) + attention.U(m[b, s]) + paid[b, s] * attention.w_c
        assert_close(scores[b, t, s], attention.v @ torch.tanh(inside))
    nothing = attention.scores(q, keys, torch.zeros_like(paid))
    assert_close(attention.scores(q, keys), nothing, msg="none was paid yet")
    attention.w_c = None
    assert torch.equal(attention.scores(q, keys, paid), nothing), "attention made without coverage ignores it"


def test_the_additive_scores_begin_small():
    v = AdditiveAttention(400, 4).v.abs()
    assert 0.9 / 20 < v.max() <= 1 / 20


def test_multiplicative_scores_by_hand():
    attention = MultiplicativeAttention(3, 4).double()
    q, m = torch.randn(2, 3, 3, dtype=torch.float64), torch.randn(2, 5, 4, dtype=torch.float64)
    expected = torch.einsum("btq,qm,bsm->bts", q, attention.W.weight, m) / math.sqrt(3)
    assert_close(attention.scores(q, attention.keys(m)), expected)


@pytest.mark.parametrize("kind", [AdditiveAttention, MultiplicativeAttention])
def test_a_memory_never_holds_what_is_masked(kind):
    torch.manual_seed(0)
    attention, query = kind(3, 4).double(), torch.randn(2, 3, 3, dtype=torch.float64)
    values = torch.randn(2, 5, 4, dtype=torch.float64)
    values[0, 3:], values[1] = math.nan, math.inf
    values.requires_grad_()
    mask = torch.tensor([[True] * 3 + [False] * 2, [False] * 5])
    memory = attention.remember(values, mask, torch.zeros(2, 5))
    assert (memory.values[~mask] == 0).all()
    context, weights = attention(query, memory)
    alone = attention.remember(values[:1, :3], mask[:1, :3], torch.zeros(1, 3))
    assert_close(context[:1], attention(query[:1], alone)[0])
    assert (context[1] == 0).all()
    assert (weights.sum(-1) - torch.tensor([[1.0], [0.0]])).abs().max() < 1e-12
    context.square().sum().backward()
    assert (values.grad[~mask] == 0).all()
    assert all(parameter.grad.isfinite().all() for parameter in attention.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_logarithm_of_a_copied_share(dtype):
    """Minus infinity where nothing is copied, and no gradient from there; the logarithm elsewhere, however small."""
    least = torch.finfo(dtype).tiny
    weights = torch.tensor([[[0.25, 0.0, 0.75, least]]], dtype=dtype, requires_grad=True)
    nothing = [torch.zeros(1, 1, n, dtype=dtype) for n in (4, 5, 6)]
    log_probs = Pointer(5, 4, 5, 6)(Glimpse(*nothing, weights, torch.tensor([[3, 1, 3, 0]])))
    assert_close(log_probs, torch.tensor([[[math.log(least), -math.inf, -math.inf, 0.0, -math.inf]]], dtype=dtype))
    log_probs[0, 0, 3].backward()
    assert weights.grad.tolist() == [[[1.0, 0.0, 1.0, 0.0]]]


def test_masked_softmax_never_sees_what_is_masked():
    scores = torch.tensor([[1.0, math.nan, 2.0], [math.inf, math.nan, -math.inf]], requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    weights = masked_softmax(scores, mask)
    assert_close(weights[0, [0, 2]], torch.tensor([1.0, 2.0]).softmax(0))
    assert weights[0, 1] == 0
    assert (weights[1] == 0).all()
    (weights * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert scores.grad.isfinite().all()
    assert (scores.grad[~mask] == 0).all()


def test_every_row_is_a_distribution(model):
    source, target = batch()
    log_probs = model(source, target, LENGTHS)
    sums = log_probs.exp().sum(-1)
    copies_nothing = isinstance(model.head, Pointer)
    assert_close(sums[:, :3], torch.ones_like(sums[:, :3]))
    if copies_nothing:
        assert (sums[:, 3] == 0).all()


def test_padding_and_neighbours_change_nothing(model):
    source, target = batch()
    together = model(source, target, LENGTHS)
    other = source.clone()
    for row, length in enumerate(LENGTHS):
        other[length:, row] = 3
    assert torch.equal(model(other, target, LENGTHS), together)
    for row, length in enumerate(LENGTHS[:3]):
        alone = model(source[:length, [row]], target[:, [row]], [length])
        assert_close(alone[:, 0], together[:, row], rtol=1e-12, atol=1e-12)


def test_padding_does_not_name_words_beyond_the_vocabulary():
    source, target = batch()
    source[1:, 1] = 2 * V - 1
    for head, beyond in ((Generator, 0), (PointerGenerator, 2)):
        torch.manual_seed(0)
        model = Seq2Seq(2 * V, V, embedding_size=5, hidden_size=7, head=head).double().eval()
        assert model(source, target, LENGTHS).shape == (T, B, V)
        source[0, 1] = V + 1
        assert model(source, target, LENGTHS).shape == (T, B, V + beyond)
        source[0, 1] = 0


@pytest.mark.parametrize("cell", [SLSTMCell, lambda i, h: VariationalDropout(SLSTMCell(i, h), states=0.3)])
def test_a_decoder_starts_with_no_sum_of_weights_below_zero(cell):
    model = a_model(cell=cell).train()
    source, _ = batch()
    start = model.encode(source, LENGTHS).cell
    assert start.h.any()
    assert not torch.stack([start.c, start.n, start.m]).any()
    h, _ = model.cell.step(model.cell.drive(torch.randn(B, 5, dtype=torch.float64)), start)[:2]
    assert (h.abs() < 1).all()


@pytest.mark.parametrize("lengths", [[7, 1, 3, 0], [-1, 1, 1, 1], [2.5, 1.0, 1.0, 1.0], [1, 1]])
def test_wrong_lengths(model, lengths):
    with pytest.raises(ValueError, match="lengths must"):
        model.encode(batch()[0], lengths)


def test_step_by_step_is_the_whole(model):
    source, target = batch()
    state = model.encode(source, LENGTHS)
    rows = []
    for tokens in target:
        log_probs, state = model.step(tokens, state)
        rows.append(log_probs)
    assert_close(torch.stack(rows), model(source, target, LENGTHS), rtol=1e-11, atol=1e-11)


def test_gradients():
    model = a_model(head=PointerGenerator).train()
    source, target = batch()

    def loss(*parameters):
        names = [name for name, _ in model.named_parameters()]
        called = torch.func.functional_call
        log_probs = called(model, dict(zip(names, parameters, strict=True)), (source[:3, :2], target[:2, :2], [3, 2]))
        return log_probs.gather(-1, target[:2, :2, None]).sum()

    assert torch.autograd.gradcheck(loss, tuple(model.parameters()), fast_mode=True)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.integers(0, 2**31))
def test_a_copy_sums_the_attention_on_each_token(tokens, seed):
    torch.manual_seed(seed)
    weights = torch.rand(1, 2, len(tokens), dtype=torch.float64).softmax(-1)
    wide = [torch.randn(1, 2, n, dtype=torch.float64) for n in (3, 4, 5)]
    seen = Glimpse(*wide, weights, torch.tensor([tokens]))
    expected = torch.zeros(2, 7, dtype=torch.float64)
    for place, token in enumerate(tokens):
        expected[:, token] += weights[0, :, place]
    assert_close(Pointer(5, 3, 4, 5)(seen, extra=2)[0].exp(), expected)
    both = PointerGenerator(5, 3, 4, 5).double()
    p = both.p_gen(seen)[0]
    generated = torch.cat([Generator.forward(both, seen)[0].exp(), torch.zeros(2, 2, dtype=torch.float64)], -1)
    assert_close(both(seen, extra=2)[0].exp(), p * generated + (1 - p) * expected)


def test_words_beyond_the_vocabulary_are_copied_and_read_back_as_unknown():
    model = a_model(head=PointerGenerator, unknown=2)
    source, target = batch()
    copied = source.clone()
    copied[0] = V + 1
    state = model.encode(source, [6] * B, copied)
    log_probs, state = model.step(target[0], state)
    assert log_probs.shape == (B, V + 2)
    assert (log_probs[:, V] == -math.inf).all()
    assert (log_probs[:, V + 1] > -math.inf).all()
    beyond, _ = model.step(torch.full((B,), V + 1), state)
    unknown, _ = model.step(torch.full((B,), 2), state)
    assert torch.equal(beyond, unknown)


def test_coverage_is_the_attention_paid_so_far():
    model = a_model(**KINDS["coverage"])
    source, target = batch()
    _, weights, state = model.decode(target, model.encode(source, LENGTHS))
    assert_close(state.coverage, weights.sum(0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"coverage": True, "attention": None}, "coverage=True needs attention"),
        ({"unknown": V}, "unknown must be a token from 0 to 10"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(ValueError, match=said):
        a_model(**options)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (torch.full((2, 1), V), "source must lie in 0 to 10, got 11 to 11"),
        (torch.full((2, 1), -1), "source must lie in 0 to 10, got -1"),
        (torch.zeros(2, 1), "source must be whole numbers"),
    ],
)
def test_wrong_tokens(source, said):
    with pytest.raises(ValueError, match=said):
        a_model(cell=GRUCell).encode(source)


WRAPPED = {
    "states": lambda i, h: VariationalDropout(LSTMCell(i, h), states=0.3),
    "all": lambda i, h: VariationalDropout(Zoneout(WeightDrop(GRUCell(i, h), 0.2), 0.1), 0.3, 0.3, 0.3),
}


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_cells_under_masks(wrapped):
    model = a_model(cell=WRAPPED[wrapped])
    bare = a_model(cell=LSTMCell if wrapped == "states" else lambda i, h: Zoneout(GRUCell(i, h), 0.1))
    source, target = batch()
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), bare.parameters(), strict=True):
            theirs.copy_(mine)
    assert_close(model(source, target, LENGTHS), bare(source, target, LENGTHS))
    torch.manual_seed(0)
    log_probs, _, state = model.train().decode(target, model.encode(source, LENGTHS))
    log_probs.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert any(name.startswith("mask_") for name in state.cell._fields)
    assert not torch.equal(log_probs, model(source, target, LENGTHS))


def test_what_a_model_cannot_be_made_of():
    for head in (Pointer, PointerGenerator):
        with pytest.raises(ValueError, match="copies by attention"):
            a_model(attention=None, head=head)
    for attention in (MultiplicativeAttention, AdditiveAttention):
        with pytest.raises(ValueError, match="an attention without coverage"):
            a_model(attention=attention, coverage=True)
    with pytest.raises(ValueError, match="the attention expects coverage"):
        a_model(attention=lambda q, m: AdditiveAttention(q, m, coverage=True))


def test_a_pointer_generator_with_nothing_to_copy_generates():
    source, target = batch()
    chances = a_model(head=PointerGenerator)(source, target, LENGTHS).exp()
    assert_close(chances.sum(-1), torch.ones(T, B, dtype=torch.float64))
