"""Attention maps: where a decoder attends while it reverses strings and while it translates.

**Question.** Which source positions does additive attention attend to when a decoder has learned to reverse a string?
Does the attention map show what the decoder uses, and does the score, additive or multiplicative, matter?

**Method.** The model of study 15.15 is trained with teacher forcing on strings of 3 to 10 digits, with additive
attention, multiplicative attention, or none. On held-out strings of 8 and 10 digits, attention is recorded during
teacher forcing and compared with the anti-diagonal: at step t, the digit to write is at position n - t. The measures
are the share of steps whose largest weight is exactly there (*on it*), the share within one position of it (*within
one*), and the mean weight there. A map may look right without being used, so there is an intervention: the
anti-diagonal's position is masked at every step (as a control, another random position), and the share of digits
still right is counted. Then translators learn a small English-German grammar with known alignment, agreeing articles
and clause-final verbs, and, if the data is available, the descriptions of Multi30k. A fifth of the grammar's
sentences is held out.

**What to expect.** The encoder reads in both directions, so a digit's neighbours carry traces of it: a prototype with
perfect accuracy had its largest weight on the anti-diagonal in only 79 % of steps. Attention beside the digit is not
an error. Masking the digit's position should hurt far more than masking another.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Heatmap, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies.ex28_attention_maps import translation

if TYPE_CHECKING:
    from torch import Tensor

    from elman.nn.seq2seq import Seq2Seq

ADDITIVE, MULTIPLICATIVE, NONE = ARMS = ("additive", "multiplicative", "none")
REVERSING = {"task": "reversal"}
SHOWN = (8, 10)
BAHDANAU = "Bahdanau, Cho & Bengio (2015)"


@dataclass(frozen=True)
class Plan:
    """Sizes of the model and its training."""

    hidden_size: PositiveInt = 64
    updates: PositiveInt = 1500
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 1e-2
    test_size: PositiveInt = 400
    updates_small: PositiveInt = 1000
    updates_real: NonNegativeInt = 6000  # on Multi30k, if available
    seeds: PositiveInt = 5


QUICK = Plan(updates=400, updates_small=250, updates_real=0, seeds=2)


def claims(plan: Plan) -> list[Claim]:
    """State what attention gains, where it looks, and whether the position matters."""

    def looks(name: str) -> Callable[[Arms], list[float]]:
        return lambda arms: arms.on(**REVERSING).numbers(ADDITIVE, name)

    return [
        Claim("gain", "With additive attention, more strings of 10 digits are right than without attention.",
              BAHDANAU, "share of strings gained", at_least=0.0, role="answer",
              otherwise="With additive attention, fewer strings of 10 digits are right than without attention.",
              measure=lambda arms: arms.on(**REVERSING).less(ADDITIVE, NONE, "exact|10")),
        Claim("near", "In 90 % of steps, additive attention is largest within one position of the digit to write.",
              "this project's prototype", "share of steps", at_least=0.9, role="answer",
              otherwise="In less than 90 % of steps, additive attention is largest within one position of the digit.",
              measure=looks("within one|10")),
        Claim("exact", "In 90 % of steps, additive attention is largest exactly on the digit to write.",
              "textbook exercise 15.28: the map of a reversal is the anti-diagonal", "share of steps", at_least=0.9,
              measure=looks("on it|10")),
        Claim("used", "Masking the digit to write costs more digits than masking another.",
              "Jain & Wallace (2019) and Wiegreffe & Pinter (2019) on whether attention explains", "share of digits",
              at_least=0.0, role="control", otherwise="Masking the digit to write costs no more than masking "
              "another.",
              measure=lambda arms: arms.on(**REVERSING).less(ADDITIVE, ADDITIVE, "other masked|10", "masked|10")),
        *translation.stated(),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return a trial per kind of attention and seed, and the translators' trials."""
    reversing = [Trial(arm, seed, REVERSING) for arm in ARMS for seed in range(plan.seeds)]
    return reversing + translation.trials(plan.seeds, plan.updates_real)


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model, record its attention, and mask positions."""
    import torch

    from elman.data.reversal import Reversal
    from elman.nn.saving import make_seq2seq
    from elman.studies.shared.reversing import exact_by_length, settings, train_reversal
    from elman.train.forcing import always

    if trial.on != REVERSING:
        return translation.run(plan, trial, desk)
    seed = trial.seed or 0
    model = make_seq2seq(settings(plan.hidden_size, trial.arm))
    train_reversal(model, Reversal(), plan.updates, plan.batch_size, plan.learning_rate, seed, always,
          lambda update, loss: desk.progress(update, plan.updates, loss=loss))  # fmt: skip
    model.eval()
    test = torch.Generator().manual_seed(1000 + seed)
    record = Record(numbers={
        f"exact|{n}": share for n, share in exact_by_length(model, SHOWN, plan.test_size, test).items()
    })  # fmt: skip
    if trial.arm == NONE:
        return record
    for n in SHOWN:
        batch = Reversal(n, n).draw(plan.test_size, test, held_out=True)
        place = n - 1 - torch.arange(n)[:, None].expand(n, plan.test_size)  # [T, B], position of the digit to write
        other = (place + torch.randint(1, n, place.shape, generator=test)) % n
        with torch.no_grad():
            state = model.encode(batch.source, batch.lengths)
            places = {"kept": None, "masked": place, "other masked": other}
            right = {name: digits_right(model, batch.target, state, n, p) for name, p in places.items()}
            weights = model.decode(batch.target[:n], state)[1]  # [T, B, S]
        record.numbers.update({f"{name}|{n}": share for name, share in right.items()})
        highest = weights.argmax(-1)
        record.numbers[f"on it|{n}"] = (highest == place).float().mean().item()
        record.numbers[f"within one|{n}"] = ((highest - place).abs() <= 1).float().mean().item()
        record.numbers[f"weight|{n}"] = weights.gather(-1, place[..., None]).mean().item()
        record.arrays[f"map-{n}"] = weights[:, 0].numpy()
        record.texts[f"digits-{n}"] = "".join(str(d) for d in batch.source[:n, 0].tolist())
    return record


def digits_right(model: "Seq2Seq", target: "Tensor", state: Any, digits: int, masked: "Tensor | None") -> float:
    """Return the share of right digits under teacher forcing, with one source position masked per step if given."""
    import torch

    right = []
    for t in range(digits):
        seen = state
        if masked is not None:
            mask = state.memory.mask.scatter(1, masked[t][:, None], torch.tensor(False).expand(len(masked[t]), 1))
            seen = state._replace(memory=state.memory._replace(mask=mask))
        log_probs, after = model.step(target[t], seen)
        right.append((log_probs.argmax(-1) == target[t + 1]).float().mean().item())
        state = after._replace(memory=state.memory)
    return sum(right) / len(right)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Return accuracies, measures of attention, effects of masking, and maps."""
    arms = Arms(records).on(**REVERSING)
    columns = ("exact|10", "on it|10", "within one|10", "weight|10", "kept|10", "masked|10", "other masked|10")
    maps = []
    for arm in (ADDITIVE, MULTIPLICATIVE):
        for n in SHOWN:
            for r in arms[arm][:1]:
                digits = r.texts[f"digits-{n}"]
                maps.append(Heatmap(
                    f"{arm.capitalize()} attention, a held-out string of {n} digits", "source digit", "digit to "
                    "write",
                    r.arrays[f"map-{n}"].tolist(), list(digits), list(digits[::-1]),
                    "Rows are steps; each sums to one. The digit to write is on the anti-diagonal. First seed.",
                    "attention weight",
                ))  # fmt: skip
    exact, near = (arms.mean(ADDITIVE, name) for name in ("on it|10", "within one|10"))
    return Findings(
        summary=(
            f"On strings of 10 digits, additive attention has its largest weight on the digit to write in "
            f"{percent(exact, 0)} of steps, and within one position of it in {percent(near, 0)}."
        ) if ADDITIVE in arms else "No trial with additive attention has finished.",
        tables=[
            Table("Strings of 10 digits",
                  ["attention", "strings right", "on it", "within one", "weight on it", "digits right",
                   "with it masked", "with another masked"],
                  [[arm, *(arms.formatted(arm, name, SHARE) for name in columns)] for arm in ARMS if arm in arms],
                  "Means with 95 % intervals over seeds. Digits right are counted under teacher forcing."),
            translation.table(Arms(records)),
        ],
        figures=[*maps, *translation.pictures(Arms(records))],
        passages=translation.samples(Arms(records)),
    )  # fmt: skip
