"""Where transformers' ``generate`` has the same option, it writes the same sequences."""

import random

import pytest
import torch

from elman.decode import beam_search, power, truncate

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

V, END = 23, 0


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=V, n_positions=64, n_embd=16, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=END,
        pad_token_id=END, initializer_range=0.7,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config).eval()


def adapted(model):
    def step(tokens, read):
        read = tokens[:, None] if read is None else torch.cat((read, tokens[:, None]), 1)
        return model(read).logits[:, -1].log_softmax(-1), read

    return step


@pytest.mark.parametrize("early_stopping", ["never", True, False])
def test_the_same_sequences(model, early_stopping):
    rng = random.Random(0)
    allowed = torch.rand(V, V, generator=torch.Generator().manual_seed(1)) < 0.6
    allowed[:, END] = True
    for _ in range(40):
        model.transformer.wte.weight.data.normal_(0, 0.7)
        prompt = torch.randint(1, V, (rng.randint(1, 4), rng.randint(1, 3)))
        width, most = rng.randint(2, 6), rng.randint(2, 12)
        n_best, alpha, ngram = rng.randint(1, width), rng.choice([-0.5, 0.0, 1.0, 2.0]), rng.choice([0, 0, 2, 3])
        fewest, held = rng.randint(0, most - 1), rng.random() < 0.3
        theirs = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False, early_stopping=early_stopping,
            num_beams=width, num_return_sequences=n_best, max_new_tokens=most, min_new_tokens=fewest,
            length_penalty=alpha, no_repeat_ngram_size=ngram, return_dict_in_generate=True, output_scores=True,
            prefix_allowed_tokens_fn=(lambda _, ids: allowed[ids[-1]].nonzero()[:, 0].tolist()) if held else None,
        )  # fmt: skip
        ours = beam_search(
            adapted(model), prompt, eos=END, beam_width=width, n_best=n_best, max_length=most,
            min_length=fewest + 1,  # theirs does not count the end
            length_penalty=power(alpha), no_repeat_ngram=ngram, early_stopping=early_stopping,
            allowed=(lambda tokens, sentence: allowed[(torch.cat((prompt[sentence], tokens), 1))[:, -1]])  # noqa: B023
            if held else None,
        )  # fmt: skip
        written = theirs.sequences.view(len(prompt), n_best, -1)[..., prompt.shape[1] :].tolist()
        for b, sentence in enumerate(ours.sequences()):
            for tokens, other in zip(sentence, written[b], strict=True):
                assert tokens == other[: len(tokens)]
                assert set(other[len(tokens) :]) <= {END}
        assert ours.scores.flatten().tolist() == pytest.approx(theirs.sequences_scores.tolist(), rel=1e-4)


def test_the_same_truncation():
    log_probs = torch.randn(50, 30, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    for top_k in (1, 3, 29, 40):
        theirs = transformers.TopKLogitsWarper(top_k)(None, log_probs)
        assert torch.equal(truncate(log_probs, top_k=top_k), theirs)
    for top_p in (0.01, 0.5, 0.9, 0.999):
        theirs = transformers.TopPLogitsWarper(top_p)(None, log_probs)
        assert torch.equal(truncate(log_probs, top_p=top_p), theirs)
