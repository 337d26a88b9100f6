"""``elman answer`` and ``elman quiz``: worked answers with the user's numbers, and questions with new numbers."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from elman.terminal import marked


def answer(
    exercise: Annotated[str, typer.Argument(help="One of 15.1 to 15.10, by number or name.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Your own number, such as threshold=2.5.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Compute a worked answer, with your own numbers if given; nothing is saved."""
    from elman.cli.lab import read_settings, show_tables
    from elman.lab.answers import answer as compute
    from elman.studies import find_study

    found = compute(find_study(exercise), read_settings(settings or []))
    if as_json:
        print(found.to_json())
        return
    from rich.console import Console

    console = Console()
    console.print(f"[bold]{marked(f'{found.exercise}  {found.title}')}[/]\n{marked(found.summary)}")
    for passage in found.passages:
        console.print(f"\n[bold]{marked(passage.title)}[/]")
        console.print(marked(passage.text.replace("**", "")), highlight=False)
    console.print()
    show_tables(console, found)


def quiz(
    seed: Annotated[int, typer.Option(help="The same seed gives the same questions.")] = 0,
    exercises: Annotated[
        list[str] | None, typer.Option("--exercise", help="Ask on this exercise only; may be repeated.")
    ] = None,
    form: Annotated[Literal["md", "html"], typer.Option("--format", help="Markdown, or a self-marking page.")] = "md",
    key: Annotated[bool, typer.Option("--answers", help="Add the answers; only for Markdown.")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write; default: print.")] = None,
    marked: Annotated[
        Path | None, typer.Option("--mark", help="Mark this file of answers, one `15.10b: 3, 4` per line.")
    ] = None,
) -> None:
    """Draw questions like exercises 15.1 to 15.10 with new numbers, or mark the answers to them."""
    from elman.files import write_text
    from elman.lab.quiz import mark, read_answers
    from elman.lab.quiz import quiz as draw
    from elman.lab.quiz_sheets import html_sheet, text_sheet
    from elman.studies import all_studies

    questions = draw(all_studies(), seed, exercises or [])
    if marked is not None:
        from elman.data.reading import read_text

        given = read_answers(read_text(marked))
        found = mark(questions, given)
        keys = {part.label: part.key for question in questions for part in question.parts}
        for label, right in found.items():
            said = "no answer" if right is None else "right" if right else f"wrong, {given[label]!r}"
            print(f"{label:<7} {said}" + ("" if right else f"; the answer is {keys[label]}"))
        if other := sorted(set(given) - set(found)):
            print(f"not asked with --seed {seed}: {', '.join(other)}")
        print(f"{sum(right is True for right in found.values())} of {len(found)}")
        return
    sheet = html_sheet(questions, seed) if form == "html" else text_sheet(questions, seed, key)
    if out is None:
        print(sheet)
    else:
        write_text(out, sheet)
        print(f"wrote {out}")
