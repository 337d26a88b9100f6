"""Sheets of questions: Markdown for a class, and an HTML page that marks itself."""

import json
from collections.abc import Sequence

from elman.lab.book import render
from elman.lab.quiz import Question

__all__ = ["html_sheet", "text_sheet"]


def text_sheet(questions: Sequence[Question], seed: int, answers: bool = False) -> str:
    """Write questions as Markdown, with a line for each answer.

    Args:
        questions: the questions.
        seed: seed of the questions, printed at the top because marking needs it.
        answers: whether to add the worked answers at the end.
    """
    lines = ["# Recurrent networks: questions", "", f"Drawn with seed {seed}. Write each answer after its colon.", ""]
    for question in questions:
        lines += [f"## {question.exercise}", "", question.text, ""]
        for part in question.parts:
            options = "; ".join(f"{x}) {choice}" for x, choice in zip("abcdefgh", part.choices, strict=False))
            lines.append(f"- {part.label}:")
            lines[-1] += "" if not options else f"\n  ({options})"
        lines.append("")
    if answers:
        lines += ["# Answers", ""]
        for question in questions:
            keys = "; ".join(f"{part.label}: {part.key}" for part in question.parts)
            lines += [f"## {question.exercise}", "", keys, "", question.worked, ""]
    return "\n".join(lines).rstrip() + "\n"


def html_sheet(questions: Sequence[Question], seed: int) -> str:
    """Write questions as one HTML page that marks itself in the browser, without a network."""
    asked = [
        {
            "question": question,
            "parts": [
                (part, json.dumps({"numbers": part.numbers, "within": part.within, "right": part.right}))
                for part in question.parts
            ],
        }
        for question in questions
    ]
    return render("quiz.html", asked=asked, seed=seed)
