"""The manual is built without a warning, tells of all that is offered, and asks nothing of a network."""

import importlib
import pkgutil
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from types import FunctionType

import pytest

pytest.importorskip("sphinx", reason="sphinx is not installed")
pytest.importorskip("myst_parser", reason="myst-parser is not installed")
pytest.importorskip("furo", reason="furo is not installed")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
OPEN = ("elman.nn", "elman.train", "elman.data", "elman.probe")  # rooms whose modules are all described
ROOMS = ("elman", "elman.cells", "elman.cells.wrappers", "elman.decode", *OPEN)
LOADS = {"link": "href"} | dict.fromkeys(("script", "img", "iframe", "source", "video", "audio", "embed"), "src")
FACTS = ("canonical", "next", "prev", "search", "index")  # kinds of link that load nothing


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    out = tmp_path_factory.mktemp("manual")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", ROOT / "docs", out],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5000:]
    return out


def test_no_page_asks_anything_of_a_network(manual):
    pages = list(manual.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        for address in loaded(page.read_text("utf-8")):
            assert not re.match(r"(https?:)?//", address), f"{page.name} loads {address}"
    for sheet in manual.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet.name


def loaded(html: str) -> list[str]:
    """Addresses that a browser fetches while it shows a page."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            has = dict(attrs)
            if has.get(LOADS.get(tag, "")) and has.get("rel") not in FACTS:
                found.append(has[LOADS[tag]])

    Reader().feed(html)
    return found


def test_all_that_is_offered_is_told_of(manual):
    reported = names(manual / "objects.inv")
    for room in ROOMS:
        package = importlib.import_module(room)
        inside = [importlib.import_module(f"{room}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
        for module in [package, *(inside if room in OPEN else [])]:
            for name in getattr(module, "__all__", ()):
                thing = getattr(module, name)
                if isinstance(thing, type | FunctionType):
                    assert {f"{room}.{name}", f"{thing.__module__}.{name}"} & reported, f"no word of {room}.{name}"


def names(inventory: Path) -> set[str]:
    """What Sphinx has written a place for."""
    with inventory.open("rb") as file:
        for _ in range(4):
            file.readline()
        return {line.split()[0] for line in zlib.decompress(file.read()).decode().splitlines()}
