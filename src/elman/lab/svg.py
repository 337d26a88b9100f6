"""Converting matplotlib's SVG for an HTML page: small, accessible, in the page's colours, with unique ids."""

import re
from xml.etree import ElementTree

__all__ = ["COLOURS", "INK", "MUTED", "RULE", "inline"]

# Okabe and Ito's colours, darkened until text in them is readable on white; the page has others for its dark theme.
COLOURS = ("#0063a8", "#b8450f", "#00735a", "#94437f", "#8a6100", "#3d4fb8", "#7a2d2d", "#56606b")
INK, MUTED, RULE = "#1f1e1c", "#66625b", "#e2ded5"

_VARIABLES = {colour: f"var(--c{i})" for i, colour in enumerate(COLOURS)} | {
    INK: "var(--ink)", MUTED: "var(--muted)", RULE: "var(--rule)"
}  # fmt: skip
_COLOUR = re.compile("|".join(_VARIABLES), re.IGNORECASE)
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"(font(?:-family)?:[^;]*?)'[^;]*")
_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


def inline(svg: str, name: str, title: str, description: str, kind: str = "roomy") -> str:
    """Prepare a drawing for a page.

    Args:
        svg: a complete SVG file from matplotlib.
        name: an id that is unique in the page; all ids in the drawing begin with it.
        title: accessible name.
        description: accessible description.
        kind: a further class of the element.

    Returns:
        An ``<svg>`` element whose colours are the page's CSS variables.
    """
    root = ElementTree.fromstring(svg)
    for parent in root.findall(f".//{_SVG}style/.."):  # its rules would apply to the whole page
        for style in parent.findall(f"{_SVG}style"):
            parent.remove(style)
    for metadata in root.findall(f"{_SVG}metadata"):
        root.remove(metadata)
    elements = list(root.iter())
    referred = {
        target
        for element in elements
        for value in element.attrib.values()
        for target in (*_REFERENCE.findall(value), *([value[1:]] if value.startswith("#") else ()))
    }
    short = {old: f"{name}-{i}" for i, old in enumerate(sorted(referred))}
    for element in elements:
        element.tag = element.tag.removeprefix(_SVG)
        _own_attributes(element, short)
        element.text, element.tail = _trim(element.text), _trim(element.tail)
    view_box = root.get("viewBox", "0 0 1 1")
    root.attrib.clear()
    root.attrib.update(
        {"class": f"drawing {kind}", "viewBox": view_box, "role": "img", "aria-labelledby": f"{name}-t {name}-d"}
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        label = ElementTree.Element(tag, {"id": f"{name}-{tag[0]}"})
        label.text = text
        root.insert(place, label)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _own_attributes(element: ElementTree.Element, short: dict[str, str]) -> None:
    own = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value not in short:
                continue
            value = short[value]
        elif key == _LINK:
            key, value = "href", f"#{short[value[1:]]}" if value.startswith("#") else "".join(value.split())
        elif key == "d":
            value = " ".join(value.split())
        elif key == "style":
            value = _COLOUR.sub(lambda found: _VARIABLES[found[0].lower()], value)
            value = _FONT.sub(r"\1var(--sans)", value)
        own[key] = _REFERENCE.sub(lambda found: f"url(#{short[found[1]]})", value)
    element.attrib.clear()
    element.attrib.update(own)


def _trim(text: str | None) -> str | None:
    return None if text is None or not text.strip() else text
