"""The report of a fit as findings, from which the book's pages are drawn."""

from elman.apps.fitting.report import Report
from elman.lab.findings import Curves, Findings, Passage, Series, Table

__all__ = ["findings_of"]


def findings_of(report: Report, name: str) -> Findings:
    """Return a report as findings: a table of scores, the learning curve, what was read, and the mistakes.

    Args:
        report: the report.
        name: name of the model.
    """
    scores, verdict = report.scores
    first = scores[0]
    summary = f"{first.measure} on {first.records:,} held-out records: {first.value:.4g}."
    if verdict:
        summary += f" {verdict[0].upper()}{verdict[1:]}."
    summary += "".join(f" {sentence[0].upper()}{sentence[1:]}." for sentence in report.more)
    updates = [float(number) for number, _, _ in report.curve]
    lines = [
        Series("training", updates, [loss for _, loss, _ in report.curve]),
        Series("held out", updates, [loss for _, _, loss in report.curve]),
    ]
    tables = [
        Table(
            f"{first.measure} on held-out records",
            ["", first.measure, "95 % interval", "records"],
            [[one.of, one.value, f"{one.low:.4g} to {one.high:.4g}", one.records] for one in scores],
        )
    ]
    if report.mistakes:
        rows = [[one.given, one.expected, one.got] for one in report.mistakes]
        tables.append(Table("The worst mistakes", ["read", "right", "the model's answer"], rows))
    return Findings(
        summary,
        exercise=report.task, name=name, title=f"A model fitted to {name}",
        figures=[Curves("Learning curve", "updates", "loss", lines)] if report.curve else [],
        tables=tables,
        passages=[Passage("What was read", "\n\n".join(report.said))],
        seconds=report.seconds,
    )  # fmt: skip
