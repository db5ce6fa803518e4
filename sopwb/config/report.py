"""Settings of the room report."""

from __future__ import annotations

from pydantic import Field

from sopwb.config.base import Settings

__all__ = ["ReportSettings"]


class ReportSettings(Settings):
    """What the executive pages show, and how much of it."""

    key_figures: tuple[str, ...] = (
        "revenue",
        "gross_margin_rate",
        "ebit",
        "minimum_cash",
        "service",
        "stock_value",
        "wmape",
        "utilisation",
    )
    """Key figures shown as cards, in order, where the plan has them; others follow up to the most cards."""
    most_cards: int = Field(default=8, ge=1, le=12)
    """Most cards on one page."""
    most_exceptions: int = Field(default=10, ge=1, le=10)
    """Most exceptions on the executive page."""
    most_families: int = Field(default=7, ge=1, le=12)
    """Most families drawn one by one; smaller ones are summed."""
    gap_lines: tuple[str, ...] = ("revenue", "gross_margin", "ebit")
    """Lines of the profit and loss that are drawn against budget and previous year, in order."""
    tolerance_rate: float = Field(default=0.05, ge=0, le=1)
    """Tolerated deviation of sales, production and stock from plan, as a share of the plan added up."""
