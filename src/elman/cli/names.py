"""``elman names``: names of a culture, by a model of study 15.22."""

import json
import math
from typing import Annotated

import typer

from elman.cli.lines import Answer, Files, Json, answer_lines, given_lines
from elman.cli.models import LARGEST_SEED, RESULTS, Model, Results, newest_model

WHAT = "a model of study 15.22"


def names(
    cultures: Annotated[
        list[str] | None,
        typer.Argument(metavar="CULTURE...", help="Cultures, one line of names each; -: standard input's lines."),
    ] = None,
    file: Files = None,
    culture: Annotated[str, typer.Option(help="Such as Italian; default: list the model's cultures.")] = "",
    temperature: Annotated[
        float, typer.Option(help="0 takes the likeliest letter; 1 follows the model; above 1 is more random.")
    ] = 0.8,
    count: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Names to write; default 10, or 1 for each line.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed writes the same names.")] = 0,
    model: Model = None,
    out: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Write names of a culture, one per line, with a model of study 15.22 or of ``elman fit names``.

    For cultures in lines, the names of a culture are written in one line, with tabs between them.
    """
    if not (math.isfinite(temperature) and temperature >= 0):  # checked even if only cultures are listed
        raise ValueError(f"temperature must be 0 (greedy) or a positive number, got {temperature}")
    lines = given_lines(cultures, file) if cultures or file else None
    folder = model or newest_model(out, "15.22-names")
    from elman.apps.names import END, coded, nats_of_each, write_names
    from elman.apps.saved_notes import NameWriter, fit, parse
    from elman.data.vocabulary import Vocabulary
    from elman.nn.conditional import load_conditional

    net, notes = load_conditional(folder)
    said = parse(folder, WHAT, NameWriter, notes)
    if END not in said.vocabulary:
        raise ValueError(f"{folder} does not hold {WHAT}: its vocabulary lacks the end of a name")
    fit(folder, WHAT, cultures=(len(said.cultures), net.condition.num_embeddings if net.condition else 1),
        characters=(len(said.vocabulary), net.head.out_features))  # fmt: skip

    def scored(of: str, some: list[str]) -> list[dict[str, str | float]]:
        vocabulary = Vocabulary.from_json(notes["vocabulary"])
        each = nats_of_each(net, coded([(of, name) for name in some], notes["cultures"], vocabulary))
        return [{"name": name, "log_probability": -nats} for name, (nats, _) in zip(some, each, strict=True)]

    asked = 0

    def answer(text: str) -> Answer:
        nonlocal asked
        some = write_names(net, notes, [text] * (count or 1), temperature, (seed + asked) % (LARGEST_SEED + 1))
        asked += 1
        return Answer("\t".join(some), {"names": scored(text, some)} if as_json else {})

    if lines is not None:
        answer_lines(lines, answer, as_json)
    elif not culture:
        print("\n".join(json.dumps({"culture": one}) if as_json else one for one in notes["cultures"]))
    else:
        some = write_names(net, notes, [culture] * (count or 10), temperature, seed)
        rows = scored(culture, some) if as_json else []
        print("\n".join(json.dumps({"culture": culture, **row}) for row in rows) if as_json else "\n".join(some))
