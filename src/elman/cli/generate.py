"""``elman generate``: text from a saved character model."""

from pathlib import Path
from typing import Annotated

import typer

from elman.cli.models import LARGEST_SEED, newest_model


def generate(
    prompt: Annotated[str, typer.Option(help="Text to go on from.")] = "\n",
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest character; 1 follows the model.")] = 0.8,
    length: Annotated[int, typer.Option(min=0, max=1_000_000, help="Characters to write.")] = 500,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed writes the same text.")] = 0,
    model: Annotated[
        Path | None, typer.Option(help="A model's folder; default: the newest that 15.12 left in results.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Results folder to look for models in.")] = Path("results"),
) -> None:
    """Write text with a character model that study 15.12 trained."""
    folder = model or newest_model(out, "15.12-char-lm")
    from elman.nn.saving import load_language_model
    from elman.studies.ex12_char_lm import write

    print(prompt.lstrip("\n") + write(*load_language_model(folder), prompt, length, temperature, seed))
