"""Formulae as MathML, which every browser draws by itself, where Sphinx would load a program from the network."""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.errors import SphinxError


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer, node):
    writer.body.append(_mathml(node))
    raise nodes.SkipNode


def _block(writer, node):
    writer.body.append(f'<div class="formula">{_mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def _mathml(node, as_block=False):
    tex = re.sub(r"\\[Bb]ig+(?![a-z])", "", node.astext())  # brackets grow by themselves
    tex = re.sub(r"\\dots\b", r"\\ldots", tex)
    try:
        return tex2mathml(tex, as_block=as_block)
    except MathError as error:
        raise SphinxError(f"{node.source}: {error}: {node.astext()}") from None
