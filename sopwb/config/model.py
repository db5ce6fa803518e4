"""The resolved model of a customer: every setting, checked, with its default and its unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from sopwb.calendar import holidays_of, is_country
from sopwb.config.base import RuleSettings, Settings
from sopwb.config.data import DataSettings
from sopwb.config.delivery import DeliverySettings
from sopwb.config.demand import DemandSettings
from sopwb.config.finance import FinanceSettings
from sopwb.config.inventory import InventorySettings
from sopwb.config.overlay import TableChange
from sopwb.config.report import ReportSettings
from sopwb.config.supply import SupplySettings

__all__ = ["BASELINE", "CalendarSettings", "Model", "PartSettings", "Scenario"]

BASELINE = "baseline"


class CalendarSettings(Settings):
    """How time is cut into buckets."""

    history_bucket: Literal["week", "month"] = "month"
    """Bucket in which history is forecast."""
    week_start: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        "monday"
    )
    """First day of a week."""
    weekly_horizon_weeks: int = Field(default=0, ge=0, le=156)
    """Weeks that are planned as weeks; months follow. 0 plans months only."""
    horizon_months: int | None = Field(default=None, ge=1, le=60)
    """Months planned after the as-of month; unset: to the end of the next fiscal year and at least 18."""
    fiscal_year_start_month: int = Field(default=1, ge=1, le=12)
    """Calendar month in which a fiscal year begins."""
    holidays: str | None = None
    """Country code (ISO 3166, or DE-BY for a part) whose public holidays are not worked; unset: none."""
    as_of: dt.date | None = None
    """Last day of history; unset: the last month closed in the ledger, else in the sales history."""

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, value: str | None) -> str | None:
        if not is_country(value):
            raise ValueError(f"{value!r} is no known country code, such as FI or US")
        return value


class PartSettings(Settings):
    """Which marked functions are used, and how."""

    constraints: Mapping[str, RuleSettings] = Field(default_factory=dict)
    """Mode and price of each rule of the supply plan, by its name."""
    replace: Mapping[str, str] = Field(default_factory=dict)
    """Built-in parts that a part of the customer stands in for, as ``kind.name: name``."""


class Scenario(Settings):
    """A small set of changes laid over the base: settings by dotted key, and changes of input tables."""

    title: str
    """What it is called on reports."""
    description: str = ""
    """What is assumed, in a sentence."""
    settings: Mapping[str, Any] = Field(default_factory=dict)
    """Settings of the model it changes, by dotted key."""
    tables: tuple[TableChange, ...] = ()
    """Changes of input tables, in order."""


class Model(Settings):
    """Everything that is set for one customer in one scenario."""

    name: str = Field(min_length=1)
    """What the company is called on reports."""
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    """Reporting currency."""
    calendar: CalendarSettings = CalendarSettings()
    """How time is cut into buckets."""
    data: DataSettings = DataSettings()
    """What becomes of rows that are not as they should be."""
    demand: DemandSettings = DemandSettings()
    """Settings of the demand plan."""
    delivery: DeliverySettings = DeliverySettings()
    """What counts as delivered on time and in full."""
    inventory: InventorySettings = InventorySettings()
    """Settings of the stock targets."""
    supply: SupplySettings = SupplySettings()
    """Settings of the supply plan."""
    finance: FinanceSettings = FinanceSettings()
    """Settings of the financial plan."""
    report: ReportSettings = ReportSettings()
    """Settings of the reports."""
    parts: PartSettings = PartSettings()
    """Which marked functions are used, and how."""
    scenarios: Mapping[str, Scenario] = Field(default_factory=dict)
    """Every scenario of the customer by name, without the baseline; set when the model is read."""
    customer: str = Field(default="", pattern="^[a-z0-9_-]*$")
    """Folder name of the customer; set when the model is read."""
    scenario: str = Field(default=BASELINE, pattern="^[a-z0-9_]+$")
    """Scenario; set when the model is read."""

    @property
    def as_of(self) -> pd.Timestamp:
        """Last day of history, as resolved for this run."""
        if self.calendar.as_of is None:
            raise ValueError("the as-of date is resolved when the data is read")
        return pd.Timestamp(self.calendar.as_of)

    @property
    def holidays(self) -> tuple[np.datetime64, ...]:
        """Public holidays from ten years before to five years after the as-of date."""
        return holidays_of(self.calendar.holidays, self.as_of.year - 10, self.as_of.year + 5)
