"""Counting units: hidden states of a network that reads brackets.

**Question.** A network learns to classify strings of brackets as balanced or not. Do its hidden states track the
nesting depth, and do single units?

**Method.** An LSTM, a GRU and a vanilla RNN of 8 units each read strings of up to 40 brackets, at most 6 deep, and
classify at the end. Balanced strings of equal length are equally likely. Two thirds of the unbalanced strings have
equally many opening and closing brackets in the wrong order, so a rule that only compares the counts is right on two
of three strings. Tests and probes use no training string, which leaves few short ones: only 42 strings of 10 brackets
are balanced. All states on balanced strings are recorded. Half of the *strings* (not of the steps, because
neighbouring steps are similar) are used to choose the best unit, compute the principal components and fit a linear
probe of the depth; the other half is used to evaluate them. There are three controls: the same probe on the same
network *before training*; a probe that knows only how many brackets have been read; and the accuracy with the best
unit held at zero, compared with the mean over the other units held one at a time.

**What to expect.** An LSTM can count in its cell state, and one unit suffices for one kind of bracket (Suzgun et al.,
2019); a GRU cannot count without bound, since its state stays between -1 and 1 (Weiss et al., 2018). In the LSTM, one
unit should therefore follow the depth almost perfectly. A successful probe alone proves little, because an untrained
network encodes much of the depth too. Strings deeper and longer than the training strings show whether the network
*counts*.
"""

from collections.abc import Sequence
from math import inf

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Series, Table, Trajectory
from elman.lab.formatting import decimal, percent
from elman.lab.over_seeds import SHARE
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.shared.comparing_cells import further_cells, trials_on

ARMS = ("LSTM", "GRU", "RNN")
LONGEST, DEEPEST = 40, 6
SHOWN = "(()((())))()((()())(()))"
COLUMNS = {
    "accuracy": "as trained", "deeper": f"deeper, {DEEPEST + 1} and more", "twice": "twice as long",
    "four": "four times as long",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Sizes of the net, its training and the probes."""

    hidden_size: PositiveInt = 8
    updates: PositiveInt = 2500
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 2e-2
    test_size: PositiveInt = 2000
    probe_strings: PositiveInt = 400
    cells: tuple[str, ...] = ()  # further cells, by name or file.py:Class
    seeds: PositiveInt = 5


QUICK = Plan(updates=500, test_size=500, probe_strings=150, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State that the task is learned, that a unit counts, and how far counting generalizes."""
    suzgun = "Suzgun et al. (2019), LSTM Networks Can Perform Dynamic Counting"
    weiss = "Weiss et al. (2018), On the Practical Computational Power of Finite Precision RNNs"
    return [
        Claim("rule", "A rule that only compares the counts is right on at most two of three strings.",
              "the strings' design", "accuracy", at_most=0.68,
              measure=lambda arms: arms.numbers(next(iter(arms), ""), "rule")),  # every cell reads the same strings
        Claim("solves", "The LSTM classifies at least 99 % of strings correctly.", suzgun, "accuracy", at_least=0.99,
              role="control", otherwise="The LSTM classifies less than 99 % of strings correctly.",
              measure=lambda arms: arms.numbers("LSTM", "accuracy")),
        Claim("unit", "A single unit of the LSTM tracks the depth.", "textbook exercise 15.32", "|r|, best unit",
              at_least=0.9, role="answer", otherwise="No single unit of the LSTM tracks the depth.",
              measure=lambda arms: arms.numbers("LSTM", "r")),
        Claim("gru", "No unit of the GRU tracks the depth as well as the LSTM's best.", weiss,
              "|r|, LSTM minus GRU", at_least=0.0,
              measure=lambda arms: arms.less("LSTM", "GRU", "r")),
        Claim("learned", "The LSTM's state predicts the depth better after training than before.",
              "the control", "R², trained minus untrained", at_least=0.0, role="control",
              otherwise="The LSTM's state predicts the depth better before training than after.",
              measure=lambda arms: arms.less("LSTM", "LSTM", "r2", "untrained")),
        Claim("needed", "Removing its best unit costs the LSTM more accuracy than removing another.", "the control",
              "accuracy lost, best minus another", at_least=0.0,
              measure=lambda arms: arms.less("LSTM", "LSTM", "lost", "lost other")),
        Claim("deeper", "The LSTM generalizes to deeper strings of the same length.", suzgun,
              "accuracy", at_least=0.95, measure=lambda arms: arms.numbers("LSTM", "deeper")),
        Claim("longer", "The LSTM does not generalize to strings four times as long.", "this study's design",
              "accuracy", at_most=0.9, measure=lambda arms: arms.numbers("LSTM", "four")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per cell and seed."""
    return trials_on([{}], ARMS, plan.cells, plan.seeds)


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one network, test it once on each kind of string, and probe its states."""
    import copy

    import torch

    from elman.cells import GRUCell, LSTMCell, RNNCell
    from elman.cells.lookup import cell_named
    from elman.data.brackets import Brackets, as_batch
    from elman.nn.classifier import SequenceClassifier
    from elman.train.classify import accuracy, class_loss
    from elman.train.loop import losses, train

    def batch(strings: list[tuple[str, str]]):
        x, lengths = as_batch([text for text, _ in strings])
        return x, lengths, torch.tensor([int(not fault) for _, fault in strings])

    further = further_cells(plan.cells).get(trial.arm)
    kind = cell_named(further) if further else {"LSTM": LSTMCell, "GRU": GRUCell, "RNN": RNNCell}[trial.arm]
    model = SequenceClassifier(kind(2, plan.hidden_size), 2)
    untrained = copy.deepcopy(model.cell)
    task, first = Brackets(LONGEST, DEEPEST), 10**7 * (trial.seed or 0)
    tests = {
        "accuracy": task,
        "deeper": Brackets(LONGEST, shortest=2 * DEEPEST + 2, shallowest=DEEPEST + 1),
        "twice": Brackets(2 * LONGEST, shortest=LONGEST + 2),
        "four": Brackets(4 * LONGEST, shortest=2 * LONGEST + 2),
    }
    read: set[str] = set()

    def draw(update: int):
        strings = task.draw(plan.batch_size, first + update)
        read.update(text for text, _ in strings)
        return batch(strings)

    updates = train(
        model, lambda update: class_loss(model, draw(update)), plan.updates, learning_rate=plan.learning_rate
    )
    found_losses = losses(updates, lambda update, loss: desk.progress(update, plan.updates, loss=loss))
    drawn = {name: test.draw(plan.test_size, first + 10**6 + k, read) for k, (name, test) in enumerate(tests.items())}
    numbers = {name: accuracy(model, batch(strings)) for name, strings in drawn.items()}
    numbers["rule"] = sum(
        (text.count("(") == text.count(")")) == (not fault) for text, fault in drawn["accuracy"]
    ) / len(drawn["accuracy"])
    numbers["loss"] = found_losses[-1]
    strings = [text for text, fault in task.draw(4 * plan.probe_strings, first + 2 * 10**6, read) if not fault]
    found, series, texts = _probe(model.cell, untrained, strings)
    lost = _ablate(model, batch(drawn["accuracy"]), texts["unit"], numbers["accuracy"])
    return Record(numbers | found | lost, series, texts)


def _probe(cell, untrained, strings: list[str]):
    """Fit the best unit, principal components and linear probes on half of the strings; evaluate on the other."""
    import numpy as np
    from sklearn.decomposition import PCA

    from elman.data.brackets import as_batch, depths
    from elman.probe.hidden_states import correlations, every_state, explained

    def read(net, texts: Sequence[str]):
        x, _ = as_batch(texts)
        states = every_state(net, x)
        rows = [(slice(0, len(text)), row) for row, text in enumerate(texts)]
        return {name: np.concatenate([value[row].double().numpy() for row in rows]) for name, value in states.items()}

    def everything(states):
        return np.concatenate(list(states.values()), 1)

    halves = strings[: len(strings) // 2], strings[len(strings) // 2 :]
    depth = [np.array([d for text in half for d in depths(text)], float) for half in halves]
    place = [np.concatenate([np.arange(1.0, len(text) + 1) for text in half])[:, None] for half in halves]
    fit, held_out = (read(cell, half) for half in halves)
    before = [everything(read(untrained, half)) for half in halves]
    chosen = {name: np.abs(correlations(values, depth[0])) for name, values in fit.items()}
    field = max(chosen, key=lambda name: chosen[name].max())
    unit = int(chosen[field].argmax())
    planes = PCA(2).fit(fit[field])
    seen = planes.transform(held_out[field])
    numbers = {
        "r": float(abs(correlations(held_out[field][:, [unit]], depth[1])[0])),
        "pc1": float(abs(correlations(seen[:, :1], depth[1])[0])),
        "share": float(planes.explained_variance_ratio_[0]),
        "r2": explained(everything(fit), depth[0], everything(held_out), depth[1]),
        "untrained": explained(before[0], depth[0], before[1], depth[1]),
        "place": explained(place[0], depth[0], place[1], depth[1]),
    }
    numbers |= {f"r {name}{k}": float(r) for name in fit for k, r in enumerate(correlations(fit[name], depth[0]))}
    shown = read(cell, [SHOWN])[field]
    path = planes.transform(shown)
    some = slice(0, 400)
    series = {
        "x": path[:, 0].tolist(), "y": path[:, 1].tolist(), "unit": shown[:, unit].tolist(),
        "cloud x": seen[some, 0].tolist(), "cloud y": seen[some, 1].tolist(), "cloud depth": depth[1][some].tolist(),
    }  # fmt: skip
    return numbers, series, {"unit": f"{field}{unit}", "field": field}


def _ablate(model, batch, best: str, whole: float) -> dict[str, float]:
    """Return the accuracy lost when a unit is held at zero in every field of the state that has it."""
    import torch

    from elman.probe.hidden_states import every_state

    x, lengths, classes = batch
    wide = model.cell.initial_state(1)
    name = max((f for f in wide._fields if best.startswith(f)), key=len)
    unit = int(best.removeprefix(name))
    lost = []
    for k in range(getattr(wide, name).shape[-1]):
        held = {f: [k] for f, value in zip(wide._fields, wide, strict=True) if k < value.shape[-1]}
        states = every_state(model.cell, x, held)[wide._fields[0]]
        with torch.no_grad():
            right = model.head(states[lengths - 1, range(len(lengths))]).argmax(-1) == classes
        lost.append(whole - right.float().mean().item())
    others = [value for k, value in enumerate(lost) if k != unit]
    return {"lost": lost[unit], "lost other": sum(others) / max(1, len(others))}


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return the accuracy on each kind of string, the probes of the states, and two figures of one string."""
    arms = Arms(records)

    def shown(arm: str, name: str) -> str | None:
        below = name in ("r2", "untrained", "place", "lost", "lost other")
        return arms.formatted(arm, name, (-inf, 1.0) if below else SHARE)

    best = next(iter(arms["LSTM"] or records), None)
    return Findings(
        summary=(
            "The best single unit follows the depth with |r| = "
            + ", ".join(f"{arms.mean(arm, 'r'):.3f} in the {arm}" for arm in arms)
            + (f"; on strings four times as long as in training, the LSTM has an accuracy of "
               f"{percent(arms.mean('LSTM', 'four'))}, where guessing has 50 %."
               if "LSTM" in arms else ".")
        ),
        figures=[*([_walk(best), _beside(best)] if best else []), _units(arms)],
        tables=[
            Table("Accuracy on strings", ["cell", *COLUMNS.values()],
                  [[arm, *(shown(arm, name) for name in COLUMNS)] for arm in arms],
                  "Means with 95 % intervals over seeds; half of the strings are balanced."),
            Table("How the states encode the depth",
                  ["cell", "best unit, |r|", "first principal component, |r|", "linear probe, R²",
                   "before training, R²", "number of brackets read, R²",
                   "accuracy lost without the best unit", "without another"],
                  [[arm, *(shown(arm, name) for name in
                           ("r", "pc1", "r2", "untrained", "place", "lost", "lost other"))] for arm in arms],
                  "Chosen and fitted on one half of the strings, evaluated on the other. A removed unit is held at "
                  "zero at every step, in each vector of the state."),
        ],
    )  # fmt: skip


def _walk(record: Record) -> Trajectory:
    from elman.data.brackets import depths

    s, unit, field = record.series, record.texts["unit"], record.texts["field"]
    cloud = [
        Series(f"depth {d}", *([v for v, at in zip(s[axis], s["cloud depth"], strict=True) if at == d]
                               for axis in ("cloud x", "cloud y")), style="points")
        for d in range(DEEPEST + 1)
    ]  # fmt: skip
    notes = [f"depth {d}, unit {unit} at {decimal(v, 2)}" for d, v in zip(depths(SHOWN), s["unit"], strict=True)]
    return Trajectory(
        f"The state of the {record.trial.arm if record.trial else 'net'} while it reads one string",
        f"first principal component of {field}", f"second principal component of {field}", s["x"], s["y"],
        list(SHOWN), notes, cloud,
        "Each point is the state after one bracket of an unseen string, coloured by the number of open brackets; "
        "the line is one string's path. First seed.",
    )  # fmt: skip


def _beside(record: Record) -> Curves:
    from elman.data.brackets import depths

    steps = list(range(1, len(SHOWN) + 1))
    unit = record.series["unit"]
    heights = depths(SHOWN)
    middle, centre = sum(unit) / len(unit), sum(heights) / len(heights)
    slope = sum((u - middle) * (d - centre) for u, d in zip(unit, heights, strict=True))
    slope /= sum((u - middle) ** 2 for u in unit) or 1.0
    fitted = [centre + slope * (u - middle) for u in unit]
    return Curves(
        f"Unit {record.texts['unit']} and the depth", "brackets read", "brackets open",
        [Series("depth", steps, heights), Series("unit, scaled", steps, fitted, style="dashed")],
        caption=f"The string is {SHOWN}; the unit's value is scaled and shifted to fit the depth.",
    )  # fmt: skip


def _units(arms: Arms) -> Curves:
    """Draw every unit's correlation with the depth, sorted, for the first seed of each cell."""
    lines = []
    for arm in arms:
        first = arms[arm][0]
        field = first.texts["field"]
        r = sorted((abs(v) for n, v in first.numbers.items() if n.startswith(f"r {field}")), reverse=True)
        lines.append(Series(f"{arm}, {field}", list(range(1, len(r) + 1)), r))
    return Curves(
        "Correlation of each unit with the depth", "unit, from the best", "|r|", lines,
        caption="Units of the state vector that contains the best unit; first seed.",
    )  # fmt: skip
