"""Questions of the kind of the chapter's first ten exercises, with new numbers, their answers, and marks."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from elman.errors import UnknownName
from elman.lab.answers import answer

__all__ = ["Part", "Question", "mark", "quiz", "read_answers"]


@dataclass(frozen=True)
class Part:
    """One thing asked for: numbers in order, or one of several choices.

    Args:
        label: its name on the sheet, such as ``"15.10b"``.
        asks: what to write down.
        numbers: the right ones; empty for a choice.
        choices: what there is to choose from, lettered a, b, c, ...
        right: index of the right choice.
        within: relative error that still counts; 0 for whole numbers.
    """

    label: str
    asks: str
    numbers: tuple[float, ...] = ()
    choices: tuple[str, ...] = ()
    right: int = 0
    within: float = 0.0

    @property
    def key(self) -> str:
        """The right answer as one writes it."""
        if self.choices:
            return "abcdefgh"[self.right]
        return ", ".join(f"{number:.10g}" for number in self.numbers)

    def accepts(self, given: str) -> bool:
        """Whether what was written is right; anything that cannot be read is not.

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
    """A question, what it asks for, and the worked answer, computed by the exercise's own study."""

    exercise: str
    text: str
    parts: tuple[Part, ...]
    worked: str
    settings: dict[str, str] = field(default_factory=dict)


def quiz(seed: int, exercises: Sequence[str] = ()) -> list[Question]:
    """Draw a question of each exercise.

    Args:
        seed: the same seed gives the same questions.
        exercises: which, such as ``["15.2", "15.10"]``; default all ten.

    Raises:
        UnknownName: for an exercise that has none.

    Example:
        >>> (question,) = quiz(7, ["15.5"])
        >>> [part.accepts(part.key) for part in question.parts]
        [True, True]
    """
    for wanted in exercises:
        if wanted not in KINDS:
            raise UnknownName(f"there are questions on {', '.join(KINDS)}; got {wanted!r}")
    return [KINDS[wanted](random.Random(f"{seed} {wanted}")) for wanted in exercises or KINDS]


def read_answers(text: str) -> dict[str, str]:
    """Read answers, ``15.10b: 3, 4`` a line; other lines are notes.

    Example:
        >>> read_answers("Ada\\n15.2: 100\\n 15.10b = 3, 4 ")
        {'15.2': '100', '15.10b': '3, 4'}
    """
    found = re.findall(r"^[\s*>-]*(15\.\d+[a-e]?)\**\s*[:=](.*)$", text, flags=re.MULTILINE)
    return {label: given.strip() for label, given in found}


def mark(questions: Sequence[Question], given: dict[str, str]) -> dict[str, bool | None]:
    """Say of each part whether its answer is right; None where none was given."""
    parts = [part for question in questions for part in question.parts]
    return {part.label: part.accepts(given[part.label]) if given.get(part.label) else None for part in parts}


def _worked(exercise: str, text: str, parts: Sequence[Part], **settings: Any) -> Question:
    """The question with its study's own answer to it."""
    told = {
        name: ",".join(f"{v:g}" for v in value) if isinstance(value, tuple) else f"{value:g}"
        for name, value in settings.items()
    }
    found = answer(exercise, told)
    return Question(exercise, text, tuple(parts), "\n\n".join(p.text for p in found.passages), told)


def _counts(rng: random.Random) -> Question:
    from elman.studies.ex02_parameter_counting import Plan, formula

    plan = Plan(*(rng.choice(sizes) for sizes in ((20, 50, 80, 100), (32, 64, 128, 200), (2, 5, 10, 40))))
    text = (
        f"A vanilla RNN has input_size={plan.input_size}, hidden_size={plan.hidden_size} and "
        f"output_size={plan.output_size}, with one bias vector in the hidden layer and one in the output. How many "
        "trainable parameters has it?"
    )
    return _worked("15.2", text, [Part("15.2", "parameters", (formula(plan, 1),))], **vars(plan))


def _powers(rng: random.Random) -> Question:
    entries = tuple(rng.choice((0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.4)) for _ in range(2))
    power, most = rng.choice((5, 8, 10, 12)), max(entries)
    text = (
        f"The recurrent matrix of a vanilla RNN is diag({entries[0]:g}, {entries[1]:g}). a) Give the diagonal of its "
        f"power of {power}, to 1 %. b) What becomes of a gradient along the first dimension or the second, "
        "whichever is larger, over many steps, while the slopes of tanh are near one?"
    )
    parts = [
        Part("15.3a", "two numbers", tuple(entry**power for entry in entries), within=0.01),
        Part("15.3b", "which", choices=("it vanishes", "it explodes"), right=int(most > 1)),
    ]
    return _worked("15.3", text, parts, diagonal=entries, power=power)


def _gates(rng: random.Random) -> Question:
    from elman.studies.ex04_lstm_gates import Plan, by_hand

    def some(values: Sequence[float]) -> tuple[float, ...]:
        return tuple(rng.choice(values) for _ in range(3))

    tenths = [k / 10 for k in range(1, 10)]
    drawn = some(tenths), some(tenths), some([-0.8, -0.5, 0.3, 0.6, 0.9]), some([-2, -1, 0.5, 1, 2])
    plan = Plan(*drawn)
    news = [abs(i * g) for i, g in zip(plan.gate, plan.candidate, strict=True)]
    parts = [Part("15.4a", "three numbers", tuple(by_hand(plan)), within=0.001)]
    if sorted(news)[-1] > sorted(news)[-2] + 1e-9:  # otherwise two dimensions receive as much
        parts.append(Part("15.4b", "1, 2 or 3", (float(news.index(max(news)) + 1),)))
    text = (
        f"At one step of an LSTM the forget gate is {list(plan.forget)}, the input gate {list(plan.gate)}, the "
        f"candidate {list(plan.candidate)} and the cell state before {list(plan.before)}. a) Compute the new cell "
        "state." + (" b) Which dimension receives most new information?" if len(parts) > 1 else "")
    )
    return _worked("15.4", text, parts, **vars(plan))


def _gated_counts(rng: random.Random) -> Question:
    from elman.studies.ex05_gru_lstm_counts import Plan, formula

    plan = Plan(rng.choice((10, 32, 64, 100)), rng.choice((20, 50, 64, 128)))
    text = (
        f"How many parameters have a) an LSTM and b) a GRU with input_size={plan.input_size} and "
        f"hidden_size={plan.hidden_size}, one bias vector a gate?"
    )
    parts = [
        Part("15.5a", "LSTM", (formula(plan, "lstm", 1),)),
        Part("15.5b", "GRU", (formula(plan, "gru", 1),)),
    ]
    return _worked("15.5", text, parts, **vars(plan))


def _shapes(rng: random.Random) -> Question:
    H, steps, layers, batch = rng.choice((16, 50, 64, 256)), rng.randint(5, 40), rng.randint(1, 4), rng.randint(1, 9)
    text = (
        f"A bidirectional LSTM of {layers} layer{'s' if layers > 1 else ''} with hidden_size={H} reads a batch of "
        f"{batch} sequences of {steps} steps. a) How many features has its output at each step? b) What is the shape "
        "of the final hidden state?"
    )
    parts = [Part("15.6a", "features", (2 * H,)), Part("15.6b", "three numbers", (2 * layers, batch, H))]
    return _worked("15.6", text, parts, hidden_size=H, steps=steps, batch_size=batch, num_layers=layers)


def _beams(rng: random.Random) -> Question:
    from elman.studies.ex08_beam_search import END, Plan, every_pair, name

    def row() -> tuple[float, ...]:
        cuts = sorted(rng.sample(range(1, 20), 3))
        return tuple(round((b - a) / 20, 2) for a, b in zip([0, *cuts], [*cuts, 20], strict=True))

    while True:
        plan = Plan(row(), row(), row(), row())
        pairs = sorted(every_pair(plan).items(), key=lambda item: -item[1])
        first = max(range(4), key=plan.first.__getitem__)
        after = (plan.after_a, plan.after_b, plan.after_c, (0, 0, 0, 1))[first]
        unique = all(len(set(values)) == 4 for values in (plan.first, after[:4] if first != END else (1, 2, 3, 4)))
        if unique and first != END and pairs[0][1] > pairs[1][1] + 1e-6:
            break
    greedy = plan.first[first] * max(after)
    rows = "; ".join(
        f"after {token} {', '.join(f'{p:g}' for p in row)}"
        for token, row in zip("ABC", (plan.after_a, plan.after_b, plan.after_c), strict=True)
    )
    text = (
        "A model over A, B, C and eos gives, in this order, the probabilities "
        f"{', '.join(f'{p:g}' for p in plan.first)} at the first step; {rows} at the second. a) What probability has "
        "the sequence that greedy decoding writes? b) What probability has the likeliest sequence of two tokens, or "
        "of eos alone?"
    )
    parts = [
        Part("15.8a", "probability", (greedy,), within=0.001),
        Part("15.8b", "probability", (pairs[0][1],), within=0.001),
    ]
    question = _worked(
        "15.8", text, parts, first=plan.first, after_a=plan.after_a, after_b=plan.after_b, after_c=plan.after_c
    )
    return Question("15.8", text, question.parts, f"{question.worked}\n\nThe likeliest is {name(pairs[0][0])}.",
                    question.settings)  # fmt: skip


def _clipping(rng: random.Random) -> Question:
    from elman.studies.ex10_gradient_clipping import Plan, by_hand

    sides = rng.choice(((3, 4), (6, 8), (5, 12), (8, 15), (1, 2, 2), (2, 3, 6), (4, 4, 7)))
    gradient = tuple(float(rng.choice((-1, 1)) * side) for side in rng.sample(sides, len(sides)))
    plan = Plan(gradient, rng.choice((0.5, 1.0, 2.5, 5.0, 20.0)))
    norm, clipped, after = by_hand(plan)
    text = (
        f"The gradient is {[f'{g:g}' for g in gradient]}".replace("'", "")
        + f", the threshold {plan.threshold:g}. a) "
        "What is its norm? b) What is the gradient after clipping by the norm? c) What is its norm then?"
    )
    parts = [
        Part("15.10a", "norm", (norm,), within=0.001),
        Part("15.10b", f"{len(gradient)} numbers", tuple(clipped), within=0.001),
        Part("15.10c", "norm", (after,), within=0.001),
    ]
    return _worked("15.10", text, parts, gradient=gradient, threshold=plan.threshold)


SHAPES = ("one to one", "one to many", "many to one", "many to many, aligned", "many to many, unaligned")
TASKS = (
    ("telling the composer of a piece from its notes", 2), ("writing a caption for a picture", 1),
    ("telling from a photograph alone whether it shows a cat", 0), ("turning speech into text", 4),
    ("marking each frame of a film as day or night", 3), ("summing up a report in two sentences", 4),
    ("deciding whether a day of sensor readings holds a fault", 2), ("marking names in a sentence, word by word", 3),
    ("continuing a melody of which only the key is given", 1), ("answering a question with one of four options", 2),
    ("writing the stress of every syllable in a line of verse", 3), ("turning dates such as 3/2/99 into words", 4),
)  # fmt: skip


def _configurations(rng: random.Random) -> Question:
    drawn = rng.sample(TASKS, 3)
    asked = " ".join(f"{x}) {task}." for x, (task, _) in zip("abc", drawn, strict=True))
    parts = [
        Part(f"15.1{x}", "which", choices=SHAPES, right=right) for x, (_, right) in zip("abc", drawn, strict=True)
    ]
    worked = " ".join(f"{x}) {SHAPES[right]}." for x, (_, right) in zip("abc", drawn, strict=True))
    return Question("15.1", f"Which configuration of an RNN fits each task? {asked}", tuple(parts), worked)


STATEMENTS = {
    "15.7": (
        ("In training with teacher forcing a decoder reads its own last output.", False),
        ("Scheduled sampling lets a decoder read its own tokens more and more often.", True),
        ("A beam search changes what a decoder has learned.", False),
        ("A decoder's faults at inference lead it to prefixes it may never have seen.", True),
        ("Noise on the true tokens in training is meant to make a decoder robust against its own faults.", True),
        ("The objective of scheduled sampling is consistent: its optimum is the data's distribution.", False),
    ),
    "15.9": (
        ("Without attention everything the decoder knows of the source passes through one vector.", True),
        ("The vector between encoder and decoder grows with the length of the source.", False),
        ("Attention gives the decoder every state of the encoder at every step.", True),
        ("Reading the source in reverse brings its beginning nearer to the decoder's.", True),
        ("A wider state removes the bottleneck for sources of any length.", False),
        ("With attention, accuracy on long sources falls less than without.", True),
    ),
}


def _statements(exercise: str) -> Callable[[random.Random], Question]:
    def draw(rng: random.Random) -> Question:
        drawn = rng.sample(STATEMENTS[exercise], 3)
        asked = " ".join(f"{x}) {said}" for x, (said, _) in zip("abc", drawn, strict=True))
        parts = [
            Part(f"{exercise}{x}", "which", choices=("true", "false"), right=int(not true))
            for x, (_, true) in zip("abc", drawn, strict=True)
        ]
        worked = " ".join(f"{x}) {'True' if true else 'False'}." for x, (_, true) in zip("abc", drawn, strict=True))
        return Question(exercise, f"True or false? {asked}", tuple(parts), worked)

    return draw


KINDS: dict[str, Callable[[random.Random], Question]] = {
    "15.1": _configurations, "15.2": _counts, "15.3": _powers, "15.4": _gates, "15.5": _gated_counts,
    "15.6": _shapes, "15.7": _statements("15.7"), "15.8": _beams, "15.9": _statements("15.9"), "15.10": _clipping,
}  # fmt: skip
