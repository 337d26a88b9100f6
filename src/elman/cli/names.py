"""``elman names``: names of a culture, by a model of study 15.22."""

import math
from typing import Annotated

import typer

from elman.cli.models import LARGEST_SEED, RESULTS, Model, Results, newest_model

WHAT = "a model of study 15.22"


def names(
    culture: Annotated[str, typer.Option(help="Such as Italian; default: list the model's cultures.")] = "",
    temperature: Annotated[
        float, typer.Option(help="0 takes the likeliest letter; 1 follows the model; above 1 is more random.")
    ] = 0.8,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="Names to write.")] = 10,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed writes the same names.")] = 0,
    model: Model = None,
    out: Results = RESULTS,
) -> None:
    """Write names of a culture with a model that study 15.22 trained, one per line."""
    if not (math.isfinite(temperature) and temperature >= 0):  # checked even if only cultures are listed
        raise ValueError(f"temperature must be 0 (greedy) or a positive number, got {temperature}")
    folder = model or newest_model(out, "15.22-names")
    from elman.apps.names import END, write_names
    from elman.apps.saved_notes import NameWriter, fit, parse
    from elman.nn.conditional import load_conditional

    net, notes = load_conditional(folder)
    said = parse(folder, WHAT, NameWriter, notes)
    if END not in said.vocabulary:
        raise ValueError(f"{folder} does not hold {WHAT}: its vocabulary lacks the end of a name")
    fit(folder, WHAT, cultures=(len(said.cultures), net.condition.num_embeddings if net.condition else 1),
        characters=(len(said.vocabulary), net.head.out_features))  # fmt: skip
    lines = write_names(net, notes, [culture] * count, temperature, seed) if culture else notes["cultures"]
    print("\n".join(lines))
