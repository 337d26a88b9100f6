"""Settings of a task, read from text."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from elman.errors import UnknownName, nearest

__all__ = ["Seed", "Share", "no_options", "read_settings"]

S = TypeVar("S")
Share = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


def read_settings(kind: type[S], given: Mapping[str, str]) -> S:
    """Return a task's settings, those that are given read from text.

    Args:
        kind: a dataclass whose fields have defaults.
        given: values as text, by the name of the field.

    Raises:
        UnknownName: if there is no such setting, or its value does not fit.
    """
    known: list[str] = [one.name for one in fields(kind)]  # pyright: ignore[reportArgumentType]
    hints = get_type_hints(kind, include_extras=True)
    read: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            raise UnknownName(f"no setting {name!r}{nearest(name, known)}")
        try:
            read[name] = TypeAdapter(hints[name]).validate_strings(text)
        except ValidationError as error:
            raise UnknownName(f"setting {name}, given {text!r}: {error.errors()[0]['msg']}") from None
    return kind(**read)


def no_options(options: Mapping[str, str] | None) -> None:
    """Refuse every option.

    Raises:
        UnknownName: if there is an option.
    """
    if options:
        raise UnknownName(f"this model takes no options, got {', '.join(options)}")
