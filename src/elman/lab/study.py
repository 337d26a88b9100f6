"""Studies: one module each, with an article, a plan, trials, a run, and findings.

A study is a module ``elman/studies/exNN_name.py``. Its docstring is the article, whose first line is the title.
The module defines

- ``Plan``: a frozen pydantic dataclass; ``Plan()`` is the full plan, ``QUICK`` the short one;
- ``claims(plan)``: the claims, each with its source and the measure that decides it, stated before the run;
- ``trials(plan)``: the trials, arms times seeds;
- ``run(plan, trial, desk)``: runs one trial; returns its :class:`Record`;
- ``findings(plan, records)``: computes :class:`~elman.lab.findings.Findings` from the records alone, without the
  verdicts, which :meth:`Study.findings` adds;
- ``question(rng)``, optional: a question like the exercise with new numbers, for :mod:`elman.lab.quiz`.

A study is registered by its file name.
"""

import ast
import hashlib
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from elman.errors import UnknownName, nearest
from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Verdict
from elman.lab.headlines import headline
from elman.lab.over_seeds import legible
from elman.lab.verdicts import judge_all
from elman.lab.workspace import Desk, TrialFailed

FORMAT = 2  # format of saved records; records of other formats are not read
MOST_SEEDS = 1000
Given = str | int | float

__all__ = ["PlanField", "Record", "Study", "Trial", "listed", "studies_in"]


@dataclass(frozen=True)
class Trial:
    """One arm with one seed.

    Args:
        arm: name of the arm, the alternatives that the study compares.
        seed: seed of all random numbers; None if nothing is random.
        on: settings that the arms share, such as ``{"task": "copy"}``; arms are compared on the same settings.
        inputs: name and checksum of each data set or file that the trial reads. A record from other inputs does not
            count as this trial's.

    Example:
        >>> Trial("LSTM, no gate", 3, {"task": "copy", "rate": 0.01}).name
        'LSTM-no-gate-task=copy-rate=0.01-seed3'
    """

    arm: str
    seed: int | None = None
    on: Mapping[str, Given] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Arm, settings and seed; the trial's folder name begins with it."""
        parts = [self.arm, *(f"{name}={value}" for name, value in self.on.items())]
        parts += [] if self.seed is None else [f"seed{self.seed}"]
        return re.sub(r"[^A-Za-z0-9._=-]+", "-", "-".join(parts))


@dataclass(frozen=True)
class Record:
    """The measurements of one trial. ``arrays`` are NumPy arrays, saved in a file of their own."""

    numbers: dict[str, float] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, Any] = field(default_factory=dict)
    trial: Trial | None = None  # set by the runner, like the time
    seconds: float = 0.0  # processor time


@dataclass(frozen=True)
class PlanField:
    """A field of a plan: its name, type in words, default as text, and comment."""

    name: str
    takes: str
    default: str
    about: str


@dataclass(frozen=True)
class Study:
    """A study's module. Its title is read without importing the module."""

    exercise: str
    name: str
    module_name: str
    path: Path

    @property
    def package(self) -> str:
        """The package of the study."""
        name = self.module_name.rpartition(".")[0]
        return name.rpartition(".")[0] if self.path.name == "study.py" else name

    @property
    def article(self) -> str:
        """The module's docstring."""
        return ast.get_docstring(ast.parse(self.path.read_text("utf-8"))) or ""

    @property
    def title(self) -> str:
        """First line of the article."""
        return self.article.partition("\n")[0].rstrip(".")

    @property
    def folder_name(self) -> str:
        """Name of the study's results folder, such as ``15.12-char-lm``."""
        return f"{self.exercise}-{self.name}"

    @property
    def asks(self) -> bool:
        """Whether the study has questions for a quiz."""
        return re.search(r"^def question\(", self.path.read_text("utf-8"), flags=re.MULTILINE) is not None

    @property
    def module(self) -> ModuleType:
        """The imported module."""
        return importlib.import_module(self.module_name)

    def plan(self, quick: bool = False, settings: Mapping[str, Any] | None = None) -> Any:
        """Return the full or quick plan with some fields set, from values or from text.

        A field of several values is written ``a,b,c``, or as JSON, ``["a,b", "c"]``, if a value contains a comma.

        Raises:
            UnknownName: if the plan lacks a field, or a value does not fit its field.
        """
        base = self.module.QUICK if quick else self.module.Plan()
        hints = get_type_hints(type(base), include_extras=True)
        known = {f.name: getattr(base, f.name) for f in fields(base)}
        for name, text in (settings or {}).items():
            if name not in known:
                raise UnknownName(f"{self.name} has no plan field {name!r}{nearest(name, known)}")
            with _explained(self.name, name, text):
                known[name] = _read(hints[name], text) if isinstance(text, str) else text
        with _explained(self.name):
            plan = self.module.Plan(**known)
        if getattr(plan, "seeds", 0) > MOST_SEEDS:
            raise UnknownName(f"{self.name}: got {plan.seeds:,} seeds, expected at most {MOST_SEEDS:,}")
        return plan

    def fields(self, quick: bool = False) -> list[PlanField]:
        """The fields of the full or quick plan, in order."""
        base = self.plan(quick)
        hints = get_type_hints(type(base), include_extras=True)
        about = _comments(self.path.read_text("utf-8"), type(base).__name__)
        return [
            PlanField(one.name, _takes(hints[one.name]), _as_text(getattr(base, one.name)), about.get(one.name, ""))
            for one in fields(base)
        ]

    def claims(self, plan: Any) -> Sequence[Claim]:
        """Return the claims stated before the run."""
        return self.module.claims(plan)

    def trials(self, plan: Any) -> Sequence[Trial]:
        """Return the trials of a plan."""
        return self.module.trials(plan)

    def run(self, plan: Any, trial: Trial, desk: Desk) -> Record:
        """Run one trial. All random numbers come from its seed, and it runs on one thread, so that it is
        reproducible.

        Raises:
            TrialFailed: if the trial cannot continue, for example because the loss is not finite.
        """
        import torch

        from elman.train.step import LossNotFinite

        torch.set_num_threads(1)
        torch.manual_seed(trial.seed or 0)
        try:
            return self.module.run(plan, trial, desk)
        except LossNotFinite as error:
            raise TrialFailed(str(error)) from None

    def findings(self, plan: Any, records: Sequence[Record]) -> Findings:
        """Return the findings from the records of finished trials, with a verdict on each of :meth:`claims`.

        If a claim has the role ``"answer"``, the summary is the headline that its verdict allows; if the plan names
        cells, such as the reader's own, the study's own sentence with their results follows.
        """
        verdicts = judge_all(self.claims(plan), Arms(records))
        read = {name: sha256 for record in records if record.trial for name, sha256 in record.trial.inputs.items()}
        found: Findings = self.module.findings(plan, records)
        return replace(
            found, summary=_summary(plan, verdicts, found), claims=verdicts, read=read,
            figures=[legible(figure) for figure in found.figures],
        )  # fmt: skip

    def fingerprint(self, plan: Any, trial: Trial) -> str:
        """Return a hash of what a record depends on: the text of the study and of the modules it shares, the plan,
        and the trial."""
        plain = TypeAdapter(type(plan)).dump_python(plan, mode="json")
        made_from = [FORMAT, _checksums(self), plain, asdict(trial)]
        return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]


def _summary(plan: Any, verdicts: Sequence[Verdict], found: Findings) -> str:
    """Return the headline if an answer was measured, else the study's own sentence."""
    if not any(verdict.n for verdict in verdicts if verdict.claim.role == "answer"):
        return found.summary
    return f"{headline(verdicts)} {found.summary if getattr(plan, 'cells', ()) else ''}".strip()


def _checksums(study: Study) -> list[str]:
    """Return the checksums of a study's text and of the modules of its package that it imports, directly or
    indirectly."""
    package = study.package
    root = study.path.parents[study.path.name == "study.py"]
    found: dict[Path, bytes] = {}
    left = [study.path]
    while left:
        one = left.pop()
        if one not in found:
            found[one] = one.read_bytes()
            left += [
                file
                for name in _imported(found[one], package)
                if (file := root.joinpath(*name.split(".")).with_suffix(".py")).is_file()
            ]
    return [hashlib.sha256(found[one]).hexdigest() for one in sorted(found)]


@cache
def _imported(text: bytes, package: str) -> list[str]:
    """Return the modules of a package that a module's text imports, by their names within the package."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
            inside = (node.module or "").removeprefix(package).removeprefix(".")
            names += [inside, *(f"{inside}.{alias.name}".removeprefix(".") for alias in node.names)]
    return [name for name in names if name]


def studies_in(package: ModuleType) -> list[Study]:
    """Return every study of a package, in order: files ``exNN_name.py``, and folders ``exNN_name`` with a
    ``study.py``."""
    root = Path(package.__path__[0])
    found = []
    for path in sorted([*root.glob("ex*_*.py"), *root.glob("ex*_*/study.py")], key=lambda path: _stem(path, root)):
        number, _, name = _stem(path, root).removeprefix("ex").partition("_")
        inside = ".".join(path.relative_to(root).with_suffix("").parts)
        found.append(Study(f"15.{int(number)}", name.replace("_", "-"), f"{package.__name__}.{inside}", path))
    return found


def _stem(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def listed(values: Sequence[Any]) -> str:
    """Format the value of a plan's field as :meth:`Study.plan` reads it.

    Example:
        >>> listed([5, 20]), listed(["a,b.py:C", "GRUCell"])
        ('5,20', '["a,b.py:C", "GRUCell"]')
    """
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return json.dumps(texts) if any("," in text or text.startswith("[") for text in texts) else ",".join(texts)


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return listed(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _comments(text: str, class_name: str) -> dict[str, str]:
    """Return the comments beside the fields of a class, by field."""
    lines = text.splitlines()
    (found,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == class_name)
    marked = ((n, lines[(n.end_lineno or n.lineno) - 1]) for n in found.body if isinstance(n, ast.AnnAssign))
    return {ast.unparse(node.target): line.partition("  # ")[2].strip() for node, line in marked}


def _takes(hint: Any) -> str:
    """Describe the values that a plan's field accepts.

    Example:
        >>> from pydantic import PositiveInt
        >>> _takes(PositiveInt), _takes(tuple[float, ...]), _takes(bool)
        ('a whole number above 0', 'numbers, separated by commas', 'true or false')
    """
    return _in_words(TypeAdapter(hint).json_schema())


def _in_words(schema: dict[str, Any], several: bool = False) -> str:
    if schema.get("type") == "array":
        return f"{_in_words(schema.get('items') or schema['prefixItems'][0], several=True)}, separated by commas"
    if "enum" in schema or "const" in schema:
        return " or ".join(map(str, schema.get("enum") or [schema["const"]]))
    one, more = {
        "integer": ("a whole number", "whole numbers"), "number": ("a number", "numbers"),
        "boolean": ("true or false", "true or false"), "string": ("text", "texts"),
    }[schema["type"]]  # fmt: skip
    bounds = {
        "exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most",
        "multipleOf": "a multiple of",
    }  # fmt: skip
    limits = [f"{words} {schema[name]:g}" for name, words in bounds.items() if name in schema]
    return " ".join([more if several else one, *limits[:1], *(f"and {limit}" for limit in limits[1:])])


def _read(hint: Any, text: str) -> Any:
    """Parse the value of a plan's field."""
    if get_origin(hint) is tuple:
        if text.startswith("["):
            return TypeAdapter(hint).validate_json(text)
        one = get_args(hint)[0]
        return tuple(_read(one, part.strip()) for part in text.split(","))
    value = TypeAdapter(hint).validate_strings(text)
    if value != value:
        raise ValueError("Input should be a number")
    return value


@contextmanager
def _explained(study: str, field_name: str = "", given: Any = "") -> Iterator[None]:
    """Raise pydantic's error as one line."""
    try:
        yield
    except ValueError as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        where = f"plan field {field_name}, given {given!r}: " if field_name else ""
        raise UnknownName(f"{study}: {where}{reason.removeprefix('Value error, ')}") from None
