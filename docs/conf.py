"""Sphinx: pages in Markdown, their cells executed while the docs are built."""

import funnelsim

project = "funnelsim"
author = "The funnelsim maintainers"
release = funnelsim.__version__
version = release

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc"]
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["_build", "jupyter_execute", "images/*.py"]

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/plain", 0)]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"funnelsim {release}"
html_theme_options = {"navigation_with_keys": False, "show_prev_next": True}
html_sidebars = {"**": []}
