"""Settings of the deliveries: what counts as on time and in full."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from sopwb.config.base import Settings

__all__ = ["DeliverySettings"]


class DeliverySettings(Settings):
    """What counts as on time and in full, and over which time."""

    date_basis: Literal["requested", "promised"] = "requested"
    """Day that a delivery is held against: the one the customer asked for, or the one promised."""
    late_days: int = Field(default=0, ge=0, le=365)
    """Days after that day on which a delivery is still on time."""
    early_days: int | None = Field(default=None, ge=0, le=365)
    """Days before that day from which a delivery is on time; unset: early is on time, however early."""
    in_full_rate: float = Field(default=1.0, gt=0, le=1)
    """Share of the quantity ordered from which a line is in full, as a rate."""
    unit: Literal["line", "order", "quantity"] = "line"
    """What is counted: lines, orders of which every line is good, or the quantity that came on time."""
    order_pattern: str = r"^(.*)-[^-]*$"
    """Pattern whose first group is the order's number in ``order_line``; without a match it is the whole."""
    months: int = Field(default=12, ge=1, le=60)
    """Months before the as-of date that are counted, by the day of the basis."""

    @field_validator("order_pattern")
    @classmethod
    def _has_one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"{value!r} is no pattern: {error}") from None
        if groups != 1:
            raise ValueError(
                f"{value!r} has {groups} groups; put the order's number into one pair of brackets"
            )
        return value
