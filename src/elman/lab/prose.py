"""Articles and worked answers as HTML: paragraphs, lists, code, emphasis; no scripts and no external content."""

import inspect
import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from elman.lab.formatting import visible

__all__ = ["article_html", "prose_html"]

LONGEST_WHOLE = 32  # code of at most this many characters is not broken across lines


@cache
def _markdown() -> MarkdownIt:
    # No raw HTML, no images: the text is data, and the page loads nothing.
    never = ["image", "html_block", "html_inline"]
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(never)


def prose_html(text: str, top_level: int = 4) -> Markup:
    """Render text written as in a docstring.

    Args:
        text: paragraphs, lists, ``*emphasis*``, code, links, and headings.
        top_level: level on the page of the text's highest heading.

    Example:
        >>> prose_html("A *small* `<b>`.").strip()
        Markup('<p>A <em>small</em> <code>&lt;b&gt;</code>.</p>')
    """
    source = re.sub(r"::[ \t]*$", ":", inspect.cleandoc(visible(text)), flags=re.MULTILINE)
    tokens = _markdown().parse(source)
    _lower_headings(tokens, top_level)
    for token in tokens:
        if token.type == "fence":  # its info string would become a class
            token.info = ""
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("rel", "noreferrer")
            if child.type == "code_inline" and len(child.content) > LONGEST_WHOLE:
                child.attrSet("class", "long")
    return Markup(_markdown().renderer.render(tokens, _markdown().options, {}))


def article_html(article: str, title: str) -> Markup:
    """Render a study's docstring, without its first line if that repeats the title."""
    first, _, rest = inspect.cleandoc(article).partition("\n")
    text = rest if first.strip().rstrip(".") == title.strip().rstrip(".") else article
    return prose_html(text, top_level=3)


def _lower_headings(tokens: list[Token], top_level: int) -> None:
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    highest = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) - highest + top_level)}"
