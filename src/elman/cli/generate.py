"""``elman generate``: text from a saved character model."""

from typing import Annotated

import typer

from elman.cli.models import LARGEST_SEED, RESULTS, Model, Results, newest_model
from elman.errors import UnknownName


def generate(
    prompt: Annotated[str, typer.Option(help="Text to continue.")] = "\n",
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest character; 1 follows the model.")] = 0.8,
    length: Annotated[int, typer.Option(min=0, max=100_000, help="Characters to write.")] = 500,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed writes the same text.")] = 0,
    model: Model = None,
    out: Results = RESULTS,
) -> None:
    """Write text with a character model that study 15.12 trained."""

    if not prompt:
        raise UnknownName("--prompt needs at least one character, got none")
    folder = model or newest_model(out, "15.12-char-lm")
    from elman.apps.writing import write
    from elman.nn.saving import load_language_model

    print(prompt.lstrip("\n") + write(*load_language_model(folder), prompt, length, temperature, seed))
