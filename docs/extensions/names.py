"""Names become links: whatever a page writes as ``elman.something`` in code leads to where it is described."""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class Names(SphinxPostTransform):
    """Turn literals that name something of Elman into references."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs):
        """Do so in one page."""
        domain = self.env.domains.python_domain
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext().removesuffix("()")
            linked = isinstance(literal.parent, nodes.reference | nodes.title | addnodes.pending_xref)
            if name in domain.objects and not linked:
                link = addnodes.pending_xref(
                    "", refdomain="py", reftype="obj", reftarget=name, refdoc=self.env.docname
                )
                literal.replace_self(link)
                link += literal


def setup(app):
    """Register the transform."""
    app.add_post_transform(Names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
