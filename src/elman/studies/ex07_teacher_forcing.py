"""Why teacher forcing can fail at inference, and three remedies.

**Question.** Why can a decoder trained with teacher forcing perform poorly at inference, and what can be done?

**Method.** The answer rests on measurements. Decoders without attention learn to reverse strings of 5 to 8 digits,
which they cannot do without errors. On held-out strings the study measures the share of wrong digits by position,
once when the decoder reads the true previous digits (as in training) and once when it reads its own (as at
inference). The gap between the two is ascribed to exposure bias: a model that never saw its own errors in training
meets them at inference. Three remedies are trained on the same strings for the same number of updates: *scheduled
sampling*, where the decoder reads its own digits more and more often (Bengio et al., 2015); *input noise*, where
one true digit in ten is replaced by a random one (Bowman et al., 2016, word dropout); and *own tokens*, where the
decoder reads only its own digits. A fourth remedy, a beam of 5, changes the search, not the training.

**What to expect.** Errors compound: a decoder errs with probability e on prefixes like those in training, but after
an error its prefixes are unlike them and it errs more often, with e T² errors in T steps at worst instead of e T
(Ross & Bagnell, 2010). Scheduled sampling narrows the gap, though its objective is not consistent (Huszár, 2015). A
beam reduces errors but does not change the model. In a reversal each digit follows from the source and hardly from
the previous digits, so the gap should be small here, unlike in translation or captioning.
"""

from collections.abc import Sequence
from random import Random

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across, spread
from elman.lab.quiz import Question, true_or_false
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

ARMS = ("teacher forcing", "scheduled sampling", "input noise", "own tokens")
LENGTHS = (5, 8)
NOISE = 0.1


@dataclass(frozen=True)
class Plan:
    """Sizes of the model and its training."""

    hidden_size: PositiveInt = 48
    updates: PositiveInt = 1000
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 1e-2
    beam: PositiveInt = 5
    test_size: PositiveInt = 2000
    seeds: PositiveInt = 5


QUICK = Plan(updates=250, test_size=1000, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State the gap, its growth and what narrows it."""
    bengio = "Bengio et al. (2015), Scheduled Sampling"
    forced, sampled, noisy, _ = ARMS

    def halves(record: Record) -> float:
        wider = [own - true for own, true in zip(record.series["own"], record.series["true"], strict=True)]
        middle = len(wider) // 2
        return sum(wider[middle:]) / (len(wider) - middle) - sum(wider[:middle]) / middle

    def narrower(arms: Arms, arm: str) -> list[float]:
        asked = [(of, digits) for of in (forced, arm) for digits in ("own", "true")]
        return [(own - true) - (own_now - true_now) for own, true, own_now, true_now in arms.together(*asked)]

    return [
        Claim("gap", "A teacher-forced decoder errs more after its own digits than after the true digits.",
              "textbook exercise 15.7", "more of the digits wrong", at_least=0.0, role="answer",
              otherwise="A teacher-forced decoder errs less after its own digits than after the true digits.",
              measure=lambda arms: arms.less(forced, forced, "own", "true")),
        Claim("compounds", "The gap between errors after own and after true digits is wider late in a string.",
              "Ross & Bagnell (2010): errors compound", "share of digits wrong, second half minus first",
              at_least=0.0, measure=lambda arms: [halves(record) for record in arms[forced]]),
        Claim("sampling", "Scheduled sampling narrows the gap between errors after own and after true digits.",
              bengio, "share of digits wrong, narrower by", at_least=0.0,
              measure=lambda arms: narrower(arms, sampled)),
        Claim("pays", "With scheduled sampling a decoder writes more error-free strings than with teacher forcing.",
              bengio, "share of strings gained", at_least=0.0, role="answer",
              otherwise="With scheduled sampling a decoder writes fewer error-free strings than with teacher "
              "forcing.",
              measure=lambda arms: arms.less(sampled, forced, "greedy")),
        Claim("noise pays", "With input noise a decoder writes more error-free strings than with teacher forcing.",
              "Bowman et al. (2016), word dropout", "share of strings gained", at_least=0.0,
              measure=lambda arms: arms.less(noisy, forced, "greedy")),
        Claim("noise", "Input noise narrows the gap between errors after own and after true digits.",
              "Bowman et al. (2016), word dropout", "share of digits wrong, narrower by", at_least=0.0,
              measure=lambda arms: narrower(arms, noisy)),
        Claim("beam", f"A beam of {plan.beam} writes more error-free strings than greedy decoding.",
              "textbook: beam search mitigates", "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.less(forced, forced, "beam", "greedy")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return every training method with every seed."""
    return [Trial(arm, seed) for arm in ARMS for seed in range(plan.seeds)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one decoder and count its errors after true and after its own digits."""
    import torch

    from elman.data.reversal import BEGIN, END, Reversal
    from elman.decode import beam_search, greedy
    from elman.nn.saving import make_seq2seq
    from elman.studies.shared.reversing import same, settings
    from elman.train.forcing import always, linear
    from elman.train.loop import losses, train
    from elman.train.seq2seq import sequence_loss

    task, n = Reversal(*LENGTHS), LENGTHS[1]
    model = make_seq2seq(settings(plan.hidden_size, "none"))
    strings, coins, test = (torch.Generator().manual_seed(3 * (trial.seed or 0) + part) for part in range(3))
    schedule = {"scheduled sampling": linear(1 / plan.updates), "own tokens": lambda i: 0.0}.get(trial.arm, always)

    def draw(update: int):
        batch = task.draw(plan.batch_size, strings)
        if trial.arm != "input noise":
            return batch
        # the targets stay true; only the inputs of the decoder are disturbed
        noisy = torch.rand(batch.target.shape, generator=coins) < NOISE
        noisy &= (batch.target < 10) & (torch.arange(len(batch.target))[:, None] > 0)
        wrong = torch.randint(10, batch.target.shape, generator=coins)
        return batch._replace(read=torch.where(noisy, wrong, batch.target))

    updates = train(
        model, lambda update: sequence_loss(model, draw(update), schedule(update), coins), plan.updates,
        learning_rate=plan.learning_rate,
    )  # fmt: skip
    losses(updates, lambda update, loss: desk.progress(update, plan.updates, loss=loss))
    model.eval()
    batch = Reversal(n, n).draw(plan.test_size, test, held_out=True)
    right = batch.target[1 : n + 1]
    begin = torch.full((plan.test_size, 1), BEGIN)
    with torch.no_grad():
        state = model.encode(batch.source, batch.lengths)
        forced = model.decode(batch.target[:n], state)[0].argmax(-1) != right
        own = greedy(model.step, begin, n, state=state).t() != right
        whole = (greedy(model.step, begin, n + 1, eos=END, state=state).t() == batch.target[1:]).all(0)
        beam = beam_search(model.step, begin, eos=END, max_length=n + 3, beam_width=plan.beam, state=state)
    beamed = same(beam, batch.target[1:].t())[:, 0]
    by_place = {name: wrong.float().mean(1).tolist() for name, wrong in (("true", forced), ("own", own))}
    return Record(
        numbers={"true": forced.float().mean().item(), "own": own.float().mean().item(),
                 "greedy": whole.float().mean().item(), "beam": beamed.float().mean().item()},
        series=by_place,
    )  # fmt: skip


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the answer with its numbers, errors by position, and the remedies."""
    arms = Arms(records)
    forced = ARMS[0]
    teacher = arms[forced]

    def share(arm: str, name: str) -> str | None:
        return arms.formatted(arm, name, SHARE)

    rows = [
        [arm, share(arm, "true"), share(arm, "own"), spread(arms.less(arm, arm, "own", "true")),
         share(arm, "greedy"), share(arm, "beam")]
        for arm in arms
    ]  # fmt: skip

    def line(name: str, label: str) -> Series:
        return across(label, range(1, LENGTHS[1] + 1), [r.series[name] for r in teacher], SHARE)

    mean = {name: arms.mean(forced, name) for name in ("true", "own")}
    remedies = [
        f"{arm} {percent(arms.mean(arm, 'own') - arms.mean(arm, 'true'))} and {percent(arms.mean(arm, 'greedy'))}"
        for arm in arms
    ]
    answer = (
        "In training the decoder reads the true previous tokens; at inference it reads its own. It has never "
        "seen its own errors. After an error it continues a sequence unlike any in training, so one error may "
        f"lead to more. Here it gets {percent(mean['true'])} of digits wrong after true digits and "
        f"{percent(mean['own'])} after its own.\n\n"
        "Three strategies change the training. **Scheduled sampling** lets the decoder read its own tokens, rarely "
        "at "
        "first and then more often. **Input noise** disturbs the true tokens, so that the decoder learns not to "
        "rely on them. A decoder that reads only its **own tokens** meets its own errors from the start; training on "
        "whole sequences (minimum risk, MIXER, self-critical training), which scores what the decoder generates, "
        "goes "
        "further and is not measured here. A fourth, **beam search**, does not change the model: it looks further "
        "than "
        "one token.\n\n"
        "A remedy is for error-free strings, and a narrow gap alone is no success: a model that always errs has no "
        f"gap. Gap and error-free strings after this training: {'; '.join(remedies)}. The gap is not exposure bias "
        "alone: a decoder trained on its own digits never saw true ones, and has a gap too."
    )
    return Findings(
        summary=(
            f"A decoder trained with teacher forcing gets {percent(mean['true'])} of digits wrong when it reads the "
            f"true previous digits, as in training, and {percent(mean['own'])} when it reads its own, as at "
            "inference."
        ) if teacher else "Some arms are missing.",
        passages=[Passage("Answer", answer)] if teacher else [],
        tables=[
            Table(f"Held-out strings of {LENGTHS[1]} digits",
                  ["training", "digits wrong after true digits", "after its own", "gap",
                   "error-free strings, greedy", f"error-free strings, beam of {plan.beam}"], rows,
                  "Means with 95 % intervals over seeds."),
        ],
        figures=[
            Curves("Teacher forcing: errors by position", "position of the digit", "share of digits wrong",
                   [line("true", "after true digits"), line("own", "after its own")] if teacher else [],
                   caption=f"Held-out strings of {LENGTHS[1]} digits. The "
                   "distance between the lines is what reading its own digits costs the decoder."),
        ],
    )  # fmt: skip


STATEMENTS = (
    ("With teacher forcing a decoder reads its own last output during training.", False),
    ("Scheduled sampling lets a decoder read its own tokens more and more often.", True),
    ("A beam search changes what a decoder has learned.", False),
    ("A decoder's errors at inference lead it to prefixes that it may never have seen.", True),
    ("Noise on the true tokens in training is meant to make a decoder robust against its own errors.", True),
    ("The objective of scheduled sampling is consistent: its optimum is the data's distribution.", False),
)


def question(rng: Random) -> Question:
    """Ask which of three statements are true."""
    return true_or_false(rng, STATEMENTS)
