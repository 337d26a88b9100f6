"""``elman translate``: translation with a saved model of study 15.28."""

from elman.cli.lines import Answer, Files, Json, Lines, answer_lines, given_lines
from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.cli.writing import Beam, Best, Explain, check_beam, written
from elman.errors import UnknownName, named

STUDY, TRIAL, WHAT = "15.28-attention-maps", "*translation*", "a translator"


def translate(
    text: Lines = None,
    file: Files = None,
    beam: Beam = 1,
    n_best: Best = 1,
    explain: Explain = False,
    model: Model = None,
    out: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Translate lines from English into German with a model of study 15.28; it knows only its vocabulary."""
    lines = given_lines(text, file)
    check_beam(beam, n_best)
    if explain and as_json:
        raise UnknownName("--explain draws tables, which --json cannot hold; give one of them")
    folder = model or newest_model(out, STUDY, TRIAL)
    from elman.apps.saved_notes import Translator, fit, parse
    from elman.data.copying import Coder, Example
    from elman.data.tokens import TOKENISERS, tokenise
    from elman.nn.saving import load_seq2seq

    net, notes = load_seq2seq(folder)
    said = parse(folder, WHAT, Translator, notes)
    split = named("tokeniser", said.tokeniser, TOKENISERS)
    source, target = Coder(said.source[3:]), Coder(said.target[3:])
    fit(folder, WHAT, source=(len(source), net.source_size), target=(len(target), net.target_size))

    def answer(sentence: str) -> Answer:
        words = tokenise(split, sentence)
        if not words:
            raise ValueError(f"expected a sentence of at least one word, got {sentence!r}")
        unknown = source.beyond(words)
        batch = source.batch([Example(tuple(words), ())], copies=False)
        drawn = out / f"translate-{'-'.join(word for word in words if word.isalnum())[:40]}.svg"
        return written(
            net, batch.source, words, target.words, bos=target.begin, eos=target.end,
            max_length=2 * len(words) + 5, beam=beam, n_best=n_best, figure=drawn if explain else None,
            notes=[f"the model has never seen {', '.join(unknown)}"] if unknown else [],
        )  # fmt: skip

    answer_lines(lines, answer, as_json)
