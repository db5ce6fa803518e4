"""One scale for all labels of a chart: the unit is said once, the digits line up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sopwb.report import numbers

FULL = 1.0
"""Shares of a whole are told apart by tenths of a percent, up to all of it."""

__all__ = ["Scale", "scale_of", "table_scale"]


@dataclass(frozen=True)
class Scale:
    """How the numbers of one chart are written: divided by `factor`, with `digits` decimals."""

    factor: float
    digits: int
    prefix: str
    unit: str

    @property
    def title(self) -> str:
        """Unit as the chart says it once: "M EUR"."""
        return " ".join(word for word in (self.prefix, self.unit) if word)

    def for_variances(self, values: Iterable[Any]) -> Scale:
        """The same unit with the digits that variances need: two significant ones of the largest.

        >>> scale_of([9.2e6], "EUR").for_variances([-41_000, 3_000]).label(-41_000, signed=True)
        '−0.041'
        """
        largest = max((abs(float(v)) for v in values if math.isfinite(float(v))), default=0.0) / self.factor
        if largest == 0 or self.unit == "%":
            return self
        return replace(self, digits=max(0, min(1 - math.floor(math.log10(largest)), self.digits + 2)))

    def label(self, value: Any, *, signed: bool = False) -> str:
        """Number as it stands at a mark, without the unit."""
        if value is None or not math.isfinite(float(value)):
            return ""
        return numbers.exact(float(value) / self.factor, self.digits, signed=signed)

    def full(self, value: Any, *, signed: bool = False) -> str:
        """Number with its unit, three significant digits, as a tip shows it."""
        if self.unit == "%":
            return numbers.percent(value, signed=signed)
        return numbers.short(value, self.unit, signed=signed)


def scale_of(values: Iterable[Any], unit: str = "") -> Scale:
    """Scale that gives the largest of the values three significant digits.

    Parameters
    ----------
    values
        All values that stand in the chart.
    unit
        Unit; ``%`` says that the values are rates.

    >>> scale_of([4_213_456, 12], "EUR").title, scale_of([4_213_456, 12], "EUR").label(123_456)
    ('M EUR', '0.12')
    """
    sizes = [abs(float(v)) for v in values if v is not None and math.isfinite(float(v))]
    largest = max(sizes, default=0.0)
    if unit == "%":
        return Scale(0.01, 0 if largest > FULL else 1, "", "%")
    factor, prefix = next((s for s in numbers.STEPS if largest >= s[0] * 0.9995), numbers.STEPS[-1])
    scaled = largest / factor
    digits = 2 - math.floor(math.log10(scaled)) if scaled > 0 else 0
    all_whole = prefix == "" and all(size.is_integer() for size in sizes)
    return Scale(factor, 0 if all_whole else max(0, min(digits, 4)), prefix, unit)


def table_scale(values: Iterable[Any], unit: str) -> Scale:
    """Scale in which a statement is written: millions with two decimals, thousands with none.

    >>> table_scale([98_500_000, 36_700], "EUR").label(36_700), table_scale([98_500], "EUR").title
    ('0.04', 'k EUR')
    """
    scale = scale_of(values, unit)
    digits = {"": 0, "k": 1 if scale.digits > 1 else 0}.get(scale.prefix, 2)
    return replace(scale, digits=digits)
