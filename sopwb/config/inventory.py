"""Settings of the room inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from sopwb.config.base import Settings

PairOfClasses = Literal["AX", "AY", "AZ", "BX", "BY", "BZ", "CX", "CY", "CZ"]

LEAST_SERVICE, MOST_SERVICE = 0.5, 0.9999

__all__ = ["ClassService", "InventorySettings"]


class ClassService(Settings):
    """Cycle service wanted for each class of products by value."""

    a: float = Field(default=0.98, ge=LEAST_SERVICE, le=MOST_SERVICE)
    """Cycle service of class A, the products with most of the value (rate)."""
    b: float = Field(default=0.95, ge=LEAST_SERVICE, le=MOST_SERVICE)
    """Cycle service of class B (rate)."""
    c: float = Field(default=0.90, ge=LEAST_SERVICE, le=MOST_SERVICE)
    """Cycle service of class C, the tail (rate)."""


class InventorySettings(Settings):
    """How much stock is wanted, where, and why."""

    service_level: ClassService = ClassService()
    """Cycle service by class, for rows of ``product_location`` that state none."""
    service_level_by_class: Mapping[PairOfClasses, float] = Field(default_factory=dict)
    """Cycle service of single pairs of classes by value and by forecast error, such as CZ (rate)."""
    class_a_share: float = Field(default=0.80, gt=0, lt=1)
    """Share of the demand value that the products of class A make together (rate)."""
    class_b_share: float = Field(default=0.95, gt=0, lt=1)
    """Share of the demand value that classes A and B make together (rate)."""
    component_service_level: float = Field(default=0.98, ge=LEAST_SERVICE, le=MOST_SERVICE)
    """Cycle service of components, whose lack stops a line (rate)."""
    review_days: float = Field(default=7.0, ge=0)
    """Days between two replenishment decisions, where ``product_location`` states none."""
    default_error_rate: float = Field(default=0.40, ge=0)
    """Forecast error of one history bucket as a share of its demand, where no error is known."""
    semi_finished_cover_days: float = Field(default=2.0, ge=0)
    """Days of forward use kept of what is made for own use."""
    safety_cover_days_maximum: float = Field(default=90.0, gt=0)
    """Most days of forward demand a safety stock may cover."""
    shelf_life_cover_rate: float = Field(default=0.5, gt=0, le=1)
    """Most of its shelf life a safety stock may cover (rate)."""
    slow_cover_days: float = Field(default=180.0, gt=0)
    """Days of cover beyond which stock is called slow."""

    @model_validator(mode="after")
    def _classes_in_order(self) -> InventorySettings:
        if self.class_b_share < self.class_a_share:
            raise ValueError("class_b_share must not be smaller than class_a_share")
        return self

    @model_validator(mode="after")
    def _service_in_bounds(self) -> InventorySettings:
        for pair, level in self.service_level_by_class.items():
            if not LEAST_SERVICE <= level <= MOST_SERVICE:
                raise ValueError(
                    f"service_level_by_class.{pair} must lie from {LEAST_SERVICE} to {MOST_SERVICE}"
                )
        return self
