"""``elman correct``: spelling correction with the models of study 15.23."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.errors import UnknownName
from elman.terminal import marked

if TYPE_CHECKING:
    from elman.nn.seq2seq import Seq2Seq

STUDY = "15.23-spelling"
SHOWN = 8  # minimum number of candidates that --explain shows


def correct(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="Words of letters a to z.")],
    beam: Annotated[
        int,
        typer.Option(
            min=0,
            max=1000,
            help="Generate corrections with a beam of this width, restricted to the dictionary; 0, the default, "
            "ranks the dictionary's words near each typo by the channel model, which is more often correct.",
        ),
    ] = 0,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Corrections to show, best first.")] = 1,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show scores or search, and attention, also as a figure.")
    ] = False,
    model: Model = None,
    out: Results = RESULTS,
) -> None:
    """Correct words with a model that study 15.23 trained; print one line per correction."""
    typos = [word.lower() for word in words]
    for typo in typos:
        if not (typo.isascii() and typo.isalpha()):
            raise UnknownName(f"expected words of letters a to z, got {typo!r}")
    if beam and n_best > beam:
        raise UnknownName(f"--n-best {n_best} needs --beam {n_best} or more, or --beam 0; got {beam}")
    kind = "corrector" if beam else "channel"
    folder = model or newest_model(out, STUDY, f"{kind}-*")
    from elman.nn.saving import load_seq2seq

    net, notes = load_seq2seq(folder)
    from elman.apps.saved_notes import Channel, Corrector, fit, parse
    from elman.data.typos import SIZE

    what = f"a {kind} of study 15.23"
    if beam and "weight" in notes:
        raise ValueError(f"{folder} does not hold {what}: got a channel model")
    parse(folder, what, Corrector if beam else Channel, notes)
    fit(folder, what, source=(SIZE, net.source_size), target=(SIZE, net.target_size))
    (_by_search if beam else _by_channel)(net, notes, typos, beam, n_best, explain, out)


def _by_channel(net: "Seq2Seq", notes: dict, typos: list[str], beam: int, n_best: int, explain: bool, out: Path):
    from elman.apps.spelling import channel_scores, ranked
    from elman.baselines.norvig import Candidates

    counts = notes["counts"]
    near = Candidates(counts).near(typos, notes["edits"], notes["candidates"])
    for typo, scores in zip(typos, channel_scores(net, typos, near), strict=True):
        order = ranked(scores, counts, notes["weight"])
        _say(typo, order[:n_best], n_best)
        if explain and order:
            from rich.console import Console
            from rich.table import Table

            table = Table("word", "log P(typo | word)", f"+ {notes['weight']:g} log count", "= score", box=None)
            for word, score in order[: max(n_best, SHOWN)]:
                table.add_row(marked(word), f"{scores[word]:.3f}", f"{score - scores[word]:.3f}", f"{score:.3f}")
            Console().print(table)
            _show_attention(net, order[0][0], typo, out / f"correct-{typo[:20]}.svg")


def _by_search(net: "Seq2Seq", notes: dict, typos: list[str], beam: int, n_best: int, explain: bool, out: Path):
    from elman.apps.spelling import found_words, search, tree_of
    from elman.cli.explaining import show_tree
    from elman.data.typos import ALPHABET

    trie = tree_of(sorted(notes["counts"]))
    for typo in typos:  # one at a time, so that each has its own tree
        found = search(net, [typo], trie, beam, n_best, tree=explain)
        order = found_words(found)[0]
        _say(typo, order, n_best)
        if explain:
            if order:
                _show_attention(net, typo, order[0][0], out / f"correct-{typo[:20]}.svg")
            show_tree(found, ["padding", *ALPHABET, "begin", "end"])


def _say(typo: str, order: list[tuple[str, float]], n_best: int) -> None:
    if not order:
        typer.echo(f"elman: no word of the dictionary is near {typo!r}; left unchanged", err=True)
    if n_best == 1 or not order:
        print(order[0][0] if order else typo)
    else:
        for word, score in order:
            print(f"{score:8.3f}  {word}")


def _show_attention(net: "Seq2Seq", read: str, written: str, path: Path) -> None:
    import torch

    from elman.apps.spelling import batch
    from elman.cli.explaining import show_attention, write_attention

    pair = batch([read], [written])
    with torch.inference_mode():
        weights = net.decode(pair.target[:-1], net.encode(pair.source))[1][:, 0].tolist()
    names = [*written, "end"]
    show_attention(weights, list(read), names)
    write_attention(path, f"Attention, {read} to {written}", weights, list(read), names)
    print(f"wrote {path}")
