"""Questions like those of the exercises with new numbers, their worked answers, and marking."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from elman.errors import UnknownName
from elman.lab.answers import answer
from elman.lab.study import Study

__all__ = ["Part", "Question", "mark", "quiz", "read_answers", "true_or_false"]


@dataclass(frozen=True)
class Part:
    """One part of a question: a list of numbers, or a choice.

    Args:
        label: its name on the sheet, such as ``"15.10b"``; a study gives only the letter, or ``""``.
        asks: what to answer.
        numbers: the correct numbers; empty for a choice.
        choices: the choices, lettered a, b, c, ...
        right: index of the correct choice.
        within: accepted relative error; 0 for whole numbers.
    """

    label: str
    asks: str
    numbers: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    right: int = 0
    within: float = 0.0

    @property
    def key(self) -> str:
        """The correct answer as text."""
        if self.choices:
            return "abcdefgh"[self.right]
        return ", ".join(f"{number:.10g}" for number in self.numbers)

    def accepts(self, given: str) -> bool:
        """Return whether an answer is correct; an answer that cannot be parsed is wrong.

        Example:
            >>> part = Part("1", "norm?", (5.0,), within=0.01)
            >>> part.accepts("5.02"), part.accepts("5.2"), part.accepts("five"), part.accepts("−5")
            (True, False, False, False)
        """
        text = given.strip().lower().replace("−", "-")
        if self.choices:
            return text == self.key
        found = re.sub(r"(?<=\d),(?=\d{3}\b)(?!\s)", "", text) if len(self.numbers) == 1 else text
        try:
            values = [float(word) for word in re.split(r"[,;\s]+", found.strip("[]() ")) if word]
        except ValueError:
            return False
        return len(values) == len(self.numbers) and all(
            abs(value - number) <= self.within * abs(number) + (1e-9 if self.within else 0)
            for value, number in zip(values, self.numbers, strict=True)
        )


@dataclass(frozen=True)
class Question:
    """A question, its parts, and the worked answer.

    Args:
        text: the question.
        parts: the parts to answer.
        settings: fields of the study's plan from which the study computes the answer.
        worked: text added to that answer, or the whole answer without settings.
        exercise: number of the exercise; :func:`quiz` fills it in.
    """

    text: str
    parts: tuple[Part, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    worked: str = ""
    exercise: str = ""


def quiz(studies: Sequence[Study], seed: int, exercises: Sequence[str] = ()) -> list[Question]:
    """Draw one question from each study that has questions.

    Args:
        studies: studies, such as ``elman.studies.all_studies()``.
        seed: the same seed gives the same questions.
        exercises: exercises such as ``["15.2", "15.10"]``; default all that have questions.

    Raises:
        UnknownName: if an exercise has no questions.

    Example:
        >>> from elman.studies import all_studies
        >>> (question,) = quiz(all_studies(), 7, ["15.5"])
        >>> [part.accepts(part.key) for part in question.parts]
        [True, True]
    """
    asking = {study.exercise: study for study in studies if study.asks}
    for wanted in exercises:
        if wanted not in asking:
            raise UnknownName(f"no questions on {wanted!r}; choose from {', '.join(asking)}")
    return [_drawn(asking[wanted], random.Random(f"{seed} {wanted}")) for wanted in exercises or asking]


def _drawn(study: Study, rng: random.Random) -> Question:
    """Draw a question of the study, with the study's own answer."""
    question = study.module.question(rng)
    parts = tuple(replace(part, label=study.exercise + part.label) for part in question.parts)
    worked = [question.worked] if question.worked else []
    if question.settings:
        worked = [passage.text for passage in answer(study, question.settings).passages] + worked
    return replace(question, parts=parts, worked="\n\n".join(worked), exercise=study.exercise)


def true_or_false(rng: random.Random, statements: Sequence[tuple[str, bool]]) -> Question:
    """Ask whether three of the statements are true."""
    drawn = rng.sample(statements, 3)
    asked = " ".join(f"{letter}) {said}" for letter, (said, _) in zip("abc", drawn, strict=True))
    parts = [
        Part(letter, "which", choices=("true", "false"), right=int(not true))
        for letter, (_, true) in zip("abc", drawn, strict=True)
    ]
    worked = " ".join(f"{x}) {'True' if true else 'False'}." for x, (_, true) in zip("abc", drawn, strict=True))
    return Question(f"True or false? {asked}", tuple(parts), worked=worked)


def read_answers(text: str) -> dict[str, str]:
    """Read answers, one ``15.10b: 3, 4`` per line; other lines are ignored.

    Example:
        >>> read_answers("Ada\\n15.2: 100\\n 15.10b = 3, 4 ")
        {'15.2': '100', '15.10b': '3, 4'}
    """
    found = re.findall(r"^[\s*>-]*(15\.\d+[a-e]?)\**\s*[:=](.*)$", text, flags=re.MULTILINE)
    return {label: given.strip() for label, given in found}


def mark(questions: Sequence[Question], given: dict[str, str]) -> dict[str, bool | None]:
    """Return for each part whether its answer is correct; None without an answer."""
    parts = [part for question in questions for part in question.parts]
    return {part.label: part.accepts(given[part.label]) if given.get(part.label) else None for part in parts}
