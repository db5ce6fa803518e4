"""Pages a board reads without asking: sections, charts, pages and the pack."""
