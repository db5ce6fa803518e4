"""Settings of what is read."""

from __future__ import annotations

from typing import Literal

from sopwb.config.base import Settings

__all__ = ["DataSettings"]


class DataSettings(Settings):
    """What becomes of rows of the sales history that are not as they should be."""

    empty_sales: Literal["refuse", "leave_out"] = "refuse"
    """Rows with an empty cell: refused with everything else, or left out and named in the data review."""
    negative_sales: Literal["refuse", "as_return"] = "refuse"
    """Negative quantities sold: refused, or booked as returns and named in the data review."""
