"""How the manual is built: ``sphinx-build -W docs build/manual``. Neither building nor reading it needs a network."""

import sys
from pathlib import Path

import elman

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "Elman"
release = version = elman.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "mathml", "modules", "names"]
exclude_patterns = ["extensions", "figures"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
add_module_names = False

# Every name of Elman that a page refers to must exist. Torch's own are not linked, which would take a network,
# nor are names that only Elman itself uses.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!elman\b).*"),
    (r"py:.*", r"elman\.cell\.S|elman\.data\.records\.Record"),
    (r"py:.*", r"elman\.decode\.(frontier\.Ranked|groups\.Chosen)"),
    (r"py:.*", r"elman\.probe\.melody\.T|elman\.baselines\.ngram\._Counts"),
]

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "Elman"
html_show_copyright = html_show_sphinx = html_copy_source = False
html_static_path = ["static"]
html_css_files = ["manual.css"]
templates_path = ["static"]
pygments_style, pygments_dark_style = "friendly", "monokai"
suppress_warnings = ["myst.header"]  # the README of a folder may begin as it likes
