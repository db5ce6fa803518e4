"""What the tests of the pages share: a chart that several of them look at is drawn once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sopwb.report import section


@pytest.fixture(scope="session", autouse=True)
def _drawn_once() -> Iterator[None]:
    """Drawings by chart and message; the charts are kept, so that an address is never used twice."""
    draw = section.chart_svg
    drawn: dict[tuple[int, str], tuple[Any, str]] = {}

    def chart_svg(chart: Any, message: str, known: Mapping[str, str] | None = None) -> str:
        key = (id(chart), message)
        if key not in drawn:
            drawn[key] = (chart, draw(chart, message, known))
        return drawn[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(section, "chart_svg", chart_svg)
        yield
