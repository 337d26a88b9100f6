"""``elman generate``: text from a saved character model."""

import json
from typing import Annotated

import typer

from elman.cli.lines import Answer, Files, Json, answer_lines, given_lines
from elman.cli.models import LARGEST_SEED, RESULTS, Model, Results, newest_model
from elman.errors import UnknownName


def generate(
    prompts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Prompts, one line out each; -: standard input's.")
    ] = None,
    file: Files = None,
    prompt: Annotated[str, typer.Option(help="Text to continue.")] = "\n",
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest character; 1 follows the model.")] = 0.8,
    length: Annotated[int, typer.Option(min=0, max=100_000, help="Characters to write.")] = 500,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed writes the same text.")] = 0,
    model: Model = None,
    out: Results = RESULTS,
    as_json: Json = False,
) -> None:
    r"""Write text with a character model that study 15.12 trained.

    For prompts in lines, one line is written for each, with every end of a line within it written as \n.
    """
    if not prompt:
        raise UnknownName("--prompt needs at least one character, got none")
    lines = given_lines(prompts, file) if prompts or file else None
    folder = model or newest_model(out, "15.12-char-lm")
    from elman.apps.writing import write
    from elman.nn.saving import load_language_model

    net, vocabulary = load_language_model(folder)

    def answer(text: str) -> Answer:
        more = write(net, vocabulary, text, length, temperature, seed)
        return Answer((text + more).replace("\n", "\\n"), {"written": more})

    if lines is not None:
        answer_lines(lines, answer, as_json)
        return
    more = write(net, vocabulary, prompt, length, temperature, seed)
    print(json.dumps({"text": prompt, "written": more}) if as_json else prompt.lstrip("\n") + more)
