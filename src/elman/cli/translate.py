"""``elman translate``: translation with a saved model of study 15.28."""

from typing import Annotated

import typer

from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.cli.writing import Beam, Best, Explain, check_beam, write
from elman.errors import UnknownName

STUDY, TRIAL, WHAT = "15.28-attention-maps", "*translation*", "a translator"


def translate(
    text: Annotated[str, typer.Argument(help='A sentence, such as "the old man sees the dog".')],
    beam: Beam = 1,
    n_best: Best = 1,
    explain: Explain = False,
    model: Model = None,
    out: Results = RESULTS,
) -> None:
    """Translate English into German with a model that study 15.28 trained; it knows only its vocabulary."""
    from elman.data.phrases import split_text

    words = split_text(text)
    if not words:
        raise UnknownName("expected a sentence of at least one word, got none")
    check_beam(beam, n_best)
    folder = model or newest_model(out, STUDY, TRIAL)
    import sys

    from elman.apps.saved_notes import Translator, fit, parse
    from elman.data.copying import Coder, Example
    from elman.nn.saving import load_seq2seq

    net, notes = load_seq2seq(folder)
    said = parse(folder, WHAT, Translator, notes)
    source, target = Coder(said.source[3:]), Coder(said.target[3:])
    fit(folder, WHAT, source=(len(source), net.source_size), target=(len(target), net.target_size))
    if unknown := source.beyond(words):
        print(f"the model has never seen {', '.join(unknown)}", file=sys.stderr)
    batch = source.batch([Example(tuple(words), ())], copies=False)
    drawn = out / f"translate-{'-'.join(word for word in words if word.isalnum())[:40]}.svg"
    write(
        net, batch.source, words, target.words, bos=target.begin, eos=target.end,
        max_length=2 * len(words) + 5, beam=beam, n_best=n_best, figure=drawn if explain else None,
    )  # fmt: skip
