"""The headline of a study: one sentence computed from the verdicts, so that it cannot say more than they do."""

from collections.abc import Sequence

from elman.lab.findings import Verdict
from elman.lab.formatting import measured

__all__ = ["headline"]

NAMES = {"Elman's", "Norvig's"}  # first words of claims that keep their capital


def headline(verdicts: Sequence[Verdict]) -> str:
    """Return one sentence on the claims that answer the exercise, and on each control that does not hold.

    A claim that holds is stated; for one that does not, the sentence says what is true instead; an undecided claim is
    called undecided. Every statement has its measured value, unless the statement itself is an exact number.

    Args:
        verdicts: verdicts on all claims of a study. Claims without a role are left out.

    Returns:
        The sentence; empty if no claim has the role ``"answer"``.

    Example:
        >>> from elman.lab.findings import Claim
        >>> from elman.lab.verdicts import judge
        >>> better = Claim("better", "A GRU beats a bigram.", "this example", "nats", at_least=0.0, role="answer")
        >>> exact = Claim("exact", "Padding changes nothing.", "this example", at_most=0.0, role="control")
        >>> headline([judge(better, [0.20, 0.21, 0.22]), judge(exact, 0.0)])
        'A GRU beats a bigram (0.210 nats).'
        >>> headline([judge(better, [-0.1, 0.2]), judge(exact, 0.5)]).split("; ")
        ['Undecided: a GRU beats a bigram (0.1 nats)',
         'a control fails, for it does not hold that padding changes nothing.']
    """
    answers = [verdict for verdict in verdicts if verdict.claim.role == "answer"]
    if not answers:
        return ""
    parts = [_said(verdict) for verdict in answers]
    for verdict in verdicts:
        if verdict.claim.role == "control" and verdict.verdict != "holds":
            parts.append(_control(verdict))
    sentence = "; ".join([parts[0], *map(_lower, parts[1:])])
    return sentence[0].upper() + sentence[1:] + "."


def _said(verdict: Verdict) -> str:
    claim = verdict.claim
    value = "" if verdict.exact and claim.at_least == claim.at_most else f" ({measured(verdict)[0]})"
    if verdict.verdict == "holds":
        return claim.statement.rstrip(".") + value
    if verdict.verdict == "undecided":
        return f"undecided: {_lower(claim.statement.rstrip('.'))}{value}"
    if claim.otherwise:
        return claim.otherwise.rstrip(".") + value
    return f"it does not hold that {_lower(claim.statement.rstrip('.'))}{value}"


def _control(verdict: Verdict) -> str:
    claim = verdict.claim
    statement = _lower(claim.statement.rstrip("."))
    if verdict.verdict == "undecided":
        return f"a control is undecided: {statement}"
    if claim.otherwise:
        return f"a control fails: {_lower(claim.otherwise.rstrip('.'))}"
    return f"a control fails, for it does not hold that {statement}"


def _lower(text: str) -> str:
    """Return a sentence without its capital, unless its first word is a name such as "LSTM" or "PyTorch's"."""
    first = text.split(" ", 1)[0]
    return text if first[1:] != first[1:].lower() or first in NAMES else text[0].lower() + text[1:]
