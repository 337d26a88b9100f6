"""Shared by the commands that use an encoder-decoder: beam search, n-best output, and explanations."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli.lines import Answer
from elman.errors import UnknownName

if TYPE_CHECKING:
    from torch import Tensor

    from elman.nn.seq2seq import Seq2Seq

__all__ = ["Beam", "Best", "Explain", "check_beam", "searching", "write", "written"]

Beam = Annotated[int, typer.Option(min=1, max=1000, help="Hypotheses that the search keeps; 1 is greedy.")]
Best = Annotated[int, typer.Option("--n-best", min=1, help="Hypotheses to show, at most the beam.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Show attention and the search, and write attention as a figure.")
]


def searching(beam: int, min_length: int, no_repeat_ngram: int, groups: int, penalty: float) -> dict[str, Any]:
    """Return the options of a beam search from those of a command.

    Args:
        beam: beam width.
        min_length: tokens before the end token may come.
        no_repeat_ngram: length of the n-grams that may not repeat; 0 allows all.
        groups: groups of the beam, each of which avoids the others' choices.
        penalty: nats by which a choice is lowered for every earlier group that made it.

    Raises:
        UnknownName: if the beam cannot be split into the groups.
    """
    from elman.decode import Diversity

    if beam % groups:
        raise UnknownName(f"--groups {groups} needs a --beam that is a multiple of {groups}, got {beam}")
    diversity = Diversity(groups, penalty) if groups > 1 else None
    return {"min_length": min_length + 1, "no_repeat_ngram": no_repeat_ngram, "diversity": diversity}


def check_beam(beam: int, n_best: int) -> None:
    """Check that the beam is at least as wide as the number of hypotheses to show.

    Raises:
        UnknownName: if ``n_best`` exceeds the beam.
    """
    if n_best > beam:
        raise UnknownName(f"--n-best {n_best} needs --beam {n_best} or more, got {beam}")


def write(
    net: "Seq2Seq", source: "Tensor", read: Sequence[str], names: Sequence[str], *,
    bos: int, eos: int, max_length: int, beam: int, n_best: int, figure: Path | None,
    search: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Print a model's output for one source, and optionally its attention and beam search: see :func:`written`."""
    answer = written(
        net, source, read, names, bos=bos, eos=eos, max_length=max_length, beam=beam, n_best=n_best, figure=figure,
        search=search,
    )  # fmt: skip
    print(answer.plain)
    if answer.after is not None:
        answer.after()


def written(
    net: "Seq2Seq", source: "Tensor", read: Sequence[str], names: Sequence[str], *,
    bos: int, eos: int, max_length: int, beam: int, n_best: int, figure: Path | None,
    notes: Sequence[str] = (), joined: str = " ", copied: "Tensor | None" = None,
    search: Mapping[str, Any] | None = None,
) -> Answer:  # fmt: skip
    """Return a model's output for one source, with its attention and beam search to show after it.

    Args:
        net: the model.
        source: tokens ``[S, 1]``.
        read: the source's tokens as text.
        names: the output tokens as text.
        bos: token that begins the output.
        eos: token that ends the output; not shown.
        max_length: maximum number of tokens.
        beam: beam width.
        n_best: hypotheses to return, with their scores if there are several.
        figure: file for the attention figure; None explains nothing.
        notes: remarks to print with the answer.
        joined: what to put between output tokens; default a space.
        copied: the source in ids of the target's extended vocabulary ``[S, 1]``, for a model that copies.
        search: further options of the beam search, see :func:`searching`.
    """
    import torch

    from elman.decode import beam_search

    with torch.inference_mode():
        state = net.encode(source, None, copied)
        found = beam_search(
            net.step, torch.tensor([bos]), eos=eos, max_length=max_length, beam_width=beam, n_best=n_best,
            state=state, tree=figure is not None, **(search or {}),
        )  # fmt: skip
    lines, hypotheses = [], []
    for place in range(n_best):
        tokens: list[int] = found.tokens[0, place].tolist()
        said = joined.join(names[token] for token in tokens if token >= 0 and token != eos)
        score, log_prob = float(found.scores[0, place]), float(found.log_probs[0, place])
        lines.append(said if n_best == 1 else f"{score:8.3f}  {said}")
        if isfinite(log_prob):
            hypotheses.append({"text": said, "score": score, "log_probability": log_prob})

    def explain() -> None:
        from elman.cli.explaining import show_attention, show_tree, write_attention

        written: list[int] = [token for token in found.tokens[0, 0].tolist() if token >= 0]
        with torch.inference_mode():
            weights = net.decode(torch.tensor([[bos], *([token] for token in written[:-1])]), state)[1][:, 0]
        if weights.shape[-1]:
            shown = ["end" if token == eos else names[token] for token in written]
            show_attention(weights.tolist(), read, shown)
            assert figure is not None
            write_attention(figure, f"Attention, {' '.join(read)[:60]}", weights.tolist(), read, shown)
            print(f"wrote {figure}")
        show_tree(found, names)

    return Answer("\n".join(lines), {"written": hypotheses}, notes, explain if figure is not None else None)
