"""The few chart forms of the reports; nothing else styles a chart.

Common to all: frames are tidy (one row per mark), already summed to the grain that is shown, and never
changed; scenario codes are AC (actual), PY/PP (previous), PL/BU (plan, budget), FC (forecast, rolling
plan); units stand once, numbers at the marks; labels instead of legends. ``unit="%"`` says that values
are rates (0.98 is 98 %). Widths are in pixels; at most 900 wide, so that a page prints on A4.
"""

from __future__ import annotations

from sopwb.report.charts_of_parts import deviation_grid, family_grid, small_multiples, stacked
from sopwb.report.charts_of_structure import bars_by_structure, calendar_bars, waterfall
from sopwb.report.charts_of_time import columns_over_time, lines_with_band
from sopwb.report.heat import heat_map, table_heat
from sopwb.report.marks import target_line
from sopwb.report.spark import spark

__all__ = [
    "bars_by_structure",
    "calendar_bars",
    "columns_over_time",
    "deviation_grid",
    "family_grid",
    "heat_map",
    "lines_with_band",
    "small_multiples",
    "spark",
    "stacked",
    "table_heat",
    "target_line",
    "waterfall",
]
