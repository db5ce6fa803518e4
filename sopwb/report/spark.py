"""A course of values as small as a word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from sopwb.report.theme import light

__all__ = ["spark"]

WIDTH, HEIGHT, MARGIN = 120, 26, 3
FEWEST = 2


def spark(values: Sequence[float | None], label: str = "") -> str:
    """SVG of a spark line, last value marked; empty when fewer than two values are known.

    Parameters
    ----------
    values
        The course, oldest first; missing values are skipped.
    label
        What it shows, for readers who cannot see it.
    """
    known = [(i, float(v)) for i, v in enumerate(values) if v is not None and math.isfinite(v)]
    if len(known) < FEWEST:
        return ""
    low = min(v for _, v in known)
    spread = (max(v for _, v in known) - low) or 1.0
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)
    points = [
        (MARGIN + i * step, HEIGHT - MARGIN - (v - low) / spread * (HEIGHT - 2 * MARGIN)) for i, v in known
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    colour = light("actual")
    return (
        f'<svg class="spark" role="img" aria-label="{escape(f"course of {label}")}" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/></svg>'
    )
