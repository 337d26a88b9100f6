"""``elman correct``: spelling correction with the models of study 15.23."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli.lines import Answer, Files, Json, Lines, answer_lines, given_lines
from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.errors import UnknownName
from elman.terminal import marked

if TYPE_CHECKING:
    from elman.apps.correcting import Corrected
    from elman.decode import Beams
    from elman.nn.seq2seq import Seq2Seq

STUDY = "15.23-spelling"
SHOWN = 8  # minimum number of candidates that --explain shows
Ranked = list[tuple[str, float]]


def correct(
    words: Lines = None,
    file: Files = None,
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
    dictionary: Annotated[
        Path | None,
        typer.Option(help="Your own words, one a line with or without its count, in place of the model's."),
    ] = None,
    misspellings: Annotated[
        Path | None, typer.Option(help="Your own pairs wrong->right, one a line; they come before the model.")
    ] = None,
    model: Model = None,
    out: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Correct the words of each line with a model of study 15.23 or ``elman fit correct``; all else is left as it is.

    Single letters, words with digits, and words with characters that the model does not know (don't, naïve) are left
    as they are. A correction gets the capitals of the word: TEH becomes THE, Teh and THe become The.
    """
    lines = given_lines(words, file)
    if beam and n_best > beam:
        raise UnknownName(f"--n-best {n_best} needs --beam {n_best} or more, or --beam 0; got {beam}")
    if explain and as_json:
        raise UnknownName("--explain draws tables, which --json cannot hold; give one of them")
    kind = "corrector" if beam else "channel"
    folder = model or newest_model(out, STUDY, f"{kind}-*")
    from elman.nn.saving import load_seq2seq

    net, notes = load_seq2seq(folder)
    from elman.apps.correcting import corrected
    from elman.apps.saved_notes import Channel, Corrector, fit, parse
    from elman.data.typos import ids_of

    what = f"a {kind} of study 15.23"
    if beam and "weight" in notes:
        raise ValueError(f"{folder} does not hold {what}: got a channel model")
    said = parse(folder, what, Corrector if beam else Channel, notes)
    alphabet, size = said.alphabet, ids_of(said.alphabet)[2]
    fit(folder, what, source=(size, net.source_size), target=(size, net.target_size))
    if strange := set("".join(said.counts)) - set(alphabet):
        raise ValueError(f"{folder} does not hold {what}: a word of its dictionary has {min(strange)!r}")
    counts, known = _dictionary(dictionary, said.counts, alphabet)
    listed = _listed(misspellings)
    if beam:
        rank, show = _search(net, counts, alphabet, beam, n_best, explain, out)
    else:
        rank, show = _channel(net, notes, counts, alphabet, out)

    def answer(text: str) -> Answer:
        found = corrected(text, rank, alphabet, listed, known)

        def after() -> None:
            for word in found.words:
                show(word[0].lower(), max(n_best, SHOWN))

        return Answer(_plain(found, n_best), _data(found, n_best), _notes(found), after if explain else None)

    answer_lines(lines, answer, as_json)


def _plain(found: "Corrected", n_best: int) -> str:
    if n_best == 1 or not found.words:
        return found.text
    return "\n".join(f"{score:8.3f}  {word}" for _, order in found.words for word, score in order[:n_best])


def _data(found: "Corrected", n_best: int) -> dict[str, Any]:
    words = [
        {"word": word, "corrections": [{"word": one, "score": score} for one, score in order[:n_best]]}
        for word, order in found.words
    ]
    return {"corrected": found.text, "words": words, "left": [*found.left, *found.unknown]}


def _notes(found: "Corrected") -> list[str]:
    return [
        *(f"elman: no word of the dictionary is near {word!r}; left unchanged" for word in found.unknown),
        *(f"elman: {word!r} has characters that the model does not know; left unchanged" for word in found.left),
    ]


def _dictionary(
    path: Path | None, counts: Mapping[str, int], alphabet: str
) -> tuple[Mapping[str, int], frozenset[str]]:
    """Return the words that can be written, and those that are right but that the model cannot write."""
    if path is None:
        return counts, frozenset()
    import sys

    from elman.data.own_spelling import read_dictionary

    found = read_dictionary(path)
    for sentence in found.understood:
        print(f"note: {sentence}", file=sys.stderr)
    own = {word: count for word, count in found.records if set(word) <= set(alphabet) and len(word) > 1}
    if not own:
        raise ValueError(f"{path} has no word of two letters or more that the model can write; it knows {alphabet}")
    return own, frozenset(word for word, _ in found.records if word not in own)


def _listed(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    import sys

    from elman.data.own_spelling import read_misspellings

    found = read_misspellings(path)
    for sentence in found.understood:
        print(f"note: {sentence}", file=sys.stderr)
    return dict(found.records)


Rank = Callable[[list[str]], Sequence[Ranked]]
Show = Callable[[str, int], None]


def _channel(
    net: "Seq2Seq", notes: dict[str, Any], counts: Mapping[str, int], alphabet: str, out: Path
) -> tuple[Rank, Show]:
    from elman.apps.spelling import channel_scores, rank_words, ranked
    from elman.baselines.norvig import Candidates

    candidates = Candidates(counts)

    def scored(typos: list[str]) -> list[dict[str, float]]:
        return channel_scores(
            net, typos, candidates.near(typos, notes["edits"], notes["candidates"]), alphabet=alphabet
        )

    def rank(typos: list[str]) -> list[Ranked]:
        return rank_words(
            net, typos, candidates, weight=notes["weight"], edits=notes["edits"], most=notes["candidates"],
            alphabet=alphabet,
        )  # fmt: skip

    def show(typo: str, most: int) -> None:
        from rich.console import Console
        from rich.table import Table

        (scores,) = scored([typo])
        order = ranked(scores, counts, notes["weight"])
        table = Table("word", "log P(typo | word)", f"+ {notes['weight']:g} log count", "= score", box=None)
        for word, score in order[:most]:
            table.add_row(marked(word), f"{scores[word]:.3f}", f"{score - scores[word]:.3f}", f"{score:.3f}")
        Console().print(table)
        if order:
            _show_attention(net, alphabet, order[0][0], typo, out / f"correct-{typo[:20]}.svg")

    return rank, show


def _search(
    net: "Seq2Seq", counts: Mapping[str, int], alphabet: str, beam: int, n_best: int, explain: bool, out: Path
) -> tuple[Rank, Show]:
    from elman.apps.spelling import found_words, search, tree_of

    trie = tree_of(sorted(counts), alphabet)
    kept: dict[str, Beams] = {}

    def rank(typos: list[str]) -> list[Ranked]:
        for typo in typos:  # one at a time, so that each has its own tree
            kept[typo] = search(net, [typo], trie, beam, n_best, tree=explain, alphabet=alphabet)
        return [found_words(kept[typo], alphabet)[0] for typo in typos]

    def show(typo: str, most: int) -> None:
        from elman.cli.explaining import show_tree

        order = found_words(kept[typo], alphabet)[0]
        if order:
            _show_attention(net, alphabet, typo, order[0][0], out / f"correct-{typo[:20]}.svg")
        show_tree(kept[typo], ["padding", *alphabet, "begin", "end"])

    return rank, show


def _show_attention(net: "Seq2Seq", alphabet: str, read: str, written: str, path: Path) -> None:
    import torch

    from elman.apps.spelling import batch
    from elman.cli.explaining import show_attention, write_attention

    pair = batch([read], [written], alphabet)
    with torch.inference_mode():
        weights = net.decode(pair.target[:-1], net.encode(pair.source))[1][:, 0].tolist()
    names = [*written, "end"]
    show_attention(weights, list(read), names)
    write_attention(path, f"Attention, {read} to {written}", weights, list(read), names)
    print(f"wrote {path}")
