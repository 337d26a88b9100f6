"""``elman translate``: translation with a saved model of study 15.28."""

from elman.cli.lines import Answer, Files, Json, Lines, answer_lines, given_lines
from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.cli.writing import Beam, Best, Explain, check_beam, written
from elman.errors import UnknownName

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
    """Translate lines with a model of study 15.28, English to German, or of ``elman fit translate``."""
    lines = given_lines(text, file)
    check_beam(beam, n_best)
    if explain and as_json:
        raise UnknownName("--explain draws tables, which --json cannot hold; give one of them")
    folder = model or newest_model(out, STUDY, TRIAL)
    from elman.apps.saved_notes import Translator, fit, parse
    from elman.apps.translating import Codes
    from elman.data.copying import Example
    from elman.nn.saving import load_seq2seq

    net, notes = load_seq2seq(folder)
    said = parse(folder, WHAT, Translator, notes)
    codes = Codes.of_notes(said)
    fit(folder, WHAT, source=(len(codes.source), net.source_size), target=(len(codes.target), net.target_size))

    def answer(sentence: str) -> Answer:
        words = codes.split(sentence)
        unknown = codes.source.beyond(words)
        batch = codes.batch([Example(tuple(words), ())])
        drawn = out / f"translate-{'-'.join(word for word in words if word.isalnum())[:40]}.svg"
        return written(
            net, batch.source, words, codes.names(words), bos=codes.target.begin, eos=codes.target.end,
            max_length=codes.most(len(words)), beam=beam, n_best=n_best, figure=drawn if explain else None,
            notes=[f"the model has never seen {', '.join(unknown)}"] if unknown else [], joined=codes.between,
            copied=batch.copied,
        )  # fmt: skip

    answer_lines(lines, answer, as_json)
