"""Pages a board reads without asking: sections, charts, pages and the pack."""

import sys

# jsonschema, which altair, nbformat and nbconvert load, compiles the grammar of international web
# addresses (rfc3987_syntax) when it finds it: more than a second for a check that charts and notebooks
# never use. None says to Python that the module is not there; jsonschema then goes without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
