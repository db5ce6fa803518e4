"""What production cost beside its standard: absorption of fixed cost, and standard against actual."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Absorption", "Variance", "absorption", "standard_against_actual"]


@dataclass(frozen=True)
class Absorption:
    """Spending and volume variance of a cost pool, favourable positive."""

    spending: float
    volume: float

    @property
    def total(self) -> float:
        """Absorbed less spent."""
        return self.spending + self.volume


def absorption(
    budget_value: float, budget_hours: float, earned_hours: float, spent_value: float
) -> Absorption:
    """Spending and volume variance of overhead: spent too much, not earned by output.

    The rate is budget over budget hours; spending = budget - spent; volume = earned hours at the
    rate - budget. Favourable is positive.

    Examples
    --------
    >>> found = absorption(60_000, 1_000, 900, 63_000)
    >>> found.spending, found.volume, found.total
    (-3000, -6000.0, -9000.0)
    """
    rate = budget_value / budget_hours
    return Absorption(spending=budget_value - spent_value, volume=earned_hours * rate - budget_value)


@dataclass(frozen=True)
class Variance:
    """Price and quantity variance of one input, favourable positive."""

    price: float
    quantity: float

    @property
    def total(self) -> float:
        """Standard cost allowed less actual cost."""
        return self.price + self.quantity


def standard_against_actual(
    output_qty: float, standard_qty: float, standard_price: float, actual_qty: float, actual_price: float
) -> Variance:
    """Price (or rate) and usage (or efficiency) variance of one input of production, favourable positive.

    Examples
    --------
    >>> material = standard_against_actual(500, 2, 3.00, 1_050, 3.10)
    >>> labour = standard_against_actual(500, 0.5, 20, 260, 19.50)
    >>> [round(each, 6) for each in (material.price, material.quantity, labour.price, labour.quantity)]
    [-105.0, -150.0, 130.0, -200.0]
    >>> round(material.total + labour.total, 6)
    -325.0
    """
    return Variance(
        price=actual_qty * (standard_price - actual_price),
        quantity=(output_qty * standard_qty - actual_qty) * standard_price,
    )
