"""Write the playground's page: one HTML file that needs no other file and no network."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from elman.engine import web
from elman.playground.cells import Entry
from elman.playground.scripts import PAGE, WORKER, joined, text_of

__all__ = ["page"]

PLACE = re.compile(r"\{\{ (\w+) \}\}")


def page(entries: Sequence[Entry], settings: str = "") -> str:
    """Return the page as HTML.

    Args:
        entries: the cells to choose from; the first is chosen.
        settings: the settings at the start, as in the page's address after the ``#``.

    Raises:
        ValueError: if there is no cell, or two have one name.
    """
    names = [entry["name"] for entry in entries]
    if not names:
        raise ValueError("a page needs at least one cell, got none")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"got the cell {twice[0]} twice; name each cell once")
    shared: dict[str, Any] = {
        "products": {"bytes": base64.b64encode(web.products()).decode(), "tile": web.tile_sizes()},
        "cells": list(entries),
        "settings": settings,
    }
    style, script = text_of("style.css"), f'"use strict";\n{joined(*PAGE)}\nmain();\n'
    policy = "; ".join([
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}' 'wasm-unsafe-eval'",
        "worker-src blob:",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    ])  # fmt: skip
    parts = {
        "policy": policy,
        "style": style,
        "shared": _data(shared),
        "worker": f'"use strict";\n{joined(*WORKER)}\nserve(self);\n',
        "script": script,
    }
    for name in ("style", "worker", "script"):
        assert "</" not in parts[name], f"{name} would end its element"
    return PLACE.sub(lambda place: parts[place[1]], text_of("page.html"))


def _data(value: Any) -> str:
    """Write JSON that cannot end its element, whatever the names in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
