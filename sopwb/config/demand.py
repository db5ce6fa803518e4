"""Settings of the room demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from sopwb.config.base import Settings

__all__ = [
    "ActivitySettings",
    "CleaningSettings",
    "ConsensusSettings",
    "DemandSettings",
    "FenceSettings",
    "ForecastSettings",
    "ManualSettings",
    "OrderSettings",
    "PathSettings",
    "PortfolioSettings",
    "ReviewSettings",
]


class CleaningSettings(Settings):
    """How sales become unconstrained demand and its baseline."""

    neighbour_buckets: int = Field(default=6, ge=2)
    """Ordinary buckets on each side from which the usual level of a bucket is read, in history buckets."""
    outlier_threshold: float = Field(default=6.0, gt=0)
    """Robust standard deviations from the usual level beyond which a bucket is an outlier."""
    longest_activity_days: int = Field(default=120, ge=1)
    """Days beyond which a running activity is a lasting change and part of the baseline."""


class ActivitySettings(Settings):
    """What is believed of the effects of activities before they are measured."""

    belief_spread: float = Field(default=0.5, gt=0)
    """Standard deviation of the ratio of true to declared log effect of a kind of activity."""
    trend_spread: float = Field(default=0.3, gt=0)
    """Standard deviation of how much that ratio changes over half of the history."""
    additive_spread: float = Field(default=0.5, gt=0)
    """Standard deviation of the share of an effect that is a quantity and does not follow the season."""
    after_spread: float = Field(default=0.1, gt=0)
    """Standard deviation of the share missing after an activity about the declared one."""
    dip_kinds: tuple[str, ...] = ("promotion",)
    """Activity kinds after which a dip is looked for even where none is declared."""
    cannibalising_kinds: tuple[str, ...] = ("promotion",)
    """Activity kinds that take demand from products of the same family in the same market."""
    cannibalisation_rate: float = Field(default=0.0, ge=0, le=1)
    """Share of the extra quantity taken from sister products, as believed before it is measured."""
    cannibalisation_spread: float = Field(default=0.2, gt=0)
    """Standard deviation of that belief."""


class ForecastSettings(Settings):
    """How the baseline is forecast, and how its error is measured."""

    regular: tuple[str, ...] = (
        "theta",
        "holt_winters",
        "holt_winters_additive",
        "holt_winters_log",
        "young_damped_trend",
        "boosted",
    )
    """Forecasters that are averaged for series that sell regularly."""
    intermittent: tuple[str, ...] = ("fading_mean", "yearly_mean")
    """Forecasters that are averaged for series that sell now and then."""
    in_season: tuple[str, ...] = ("same_season",)
    """Forecasters that are averaged for series that sell only in their season."""
    weight_power: float = Field(default=3.0, ge=0)
    """Power of a forecaster's error in the backtest by which its weight falls; 0 weighs all the same."""
    in_season_likeness: float = Field(default=0.4, ge=-1, le=1)
    """Correlation with the year before from which the empty buckets of a series are its season."""
    family_benchmark: str = "theta"
    """Forecaster of each family's total towards which the sum of its series is moved; empty for none."""
    family_weight: float = Field(default=0.5, ge=0, le=1)
    """How far the sum of a family's series is moved towards the forecast of its total, as a share."""
    reconciled_levels: tuple[Literal["family", "product", "market"], ...] = ()
    """Levels whose own forecasts are reconciled with those of the series (MinT), where that erred less."""
    calendar: bool = True
    """Whether the calendar is taken off the history and put into the forecast, where that erred less."""
    intermittent_zero_rate: float = Field(default=0.4, ge=0, le=1)
    """Share of empty buckets from which a series is intermittent."""
    intermittent_interval: float = Field(default=1.32, ge=1)
    """Mean buckets between sales from which a series is intermittent (Syntetos, Boylan and Croston 2005)."""
    ended_after_months: int = Field(default=6, ge=1)
    """Months without a sale after which a series is taken as ended, in months."""
    backtest_origins: int = Field(default=12, ge=1)
    """Rolling origins of the backtest."""
    backtest_step_weeks: int = Field(default=4, ge=1)
    """Weeks between the rolling origins of weekly series."""
    backtest_step_months: int = Field(default=1, ge=1)
    """Months (or other buckets) between the rolling origins of series that are not weekly."""
    backtest_years: float = Field(default=0.5, gt=0)
    """Years each origin of the backtest looks ahead."""
    error_buckets: int = Field(default=8, ge=1)
    """Most buckets over which the forecast error is summed for inventory targets; half of it for months."""


class PathSettings(Settings):
    """How possible futures of demand are drawn."""

    number: int = Field(default=100, ge=0, le=10_000)
    """Sample paths drawn around the demand plan; 0 draws none, and totals then have no band."""
    seed: int = Field(default=1, ge=0)
    """Seed of the draws; the same seed gives the same paths."""


class PortfolioSettings(Settings):
    """How the portfolio is ranked."""

    class_a_rate: float = Field(default=0.8, ge=0, le=1)
    """Share of the total margin that the A products earn together."""
    class_b_rate: float = Field(default=0.95, ge=0, le=1)
    """Share of the total margin that the A and B products earn together."""
    class_x_rate: float = Field(default=0.2, ge=0)
    """Forecast error of a month, as a share of demand, up to which a product is X, easy to forecast."""
    class_y_rate: float = Field(default=0.5, ge=0)
    """Forecast error up to which a product is Y; beyond it, and where none is known, it is Z."""
    launch_months: int = Field(default=6, ge=1)
    """Months since its launch in which a product is in launch, in months."""
    growth_rate: float = Field(default=0.1, ge=0)
    """Change over the year before beyond which a product grows, or declines when negative."""
    phase_out_months: int = Field(default=6, ge=0)
    """Months before its last day from which a product is in phase-out, in months."""

    @model_validator(mode="after")
    def _classes_in_order(self) -> PortfolioSettings:
        if self.class_y_rate < self.class_x_rate:
            raise ValueError("class_y_rate must not be smaller than class_x_rate")
        return self


class ManualSettings(Settings):
    """How statements of people are split down and carried forward, and how they are collected."""

    split_unit_qty: float = Field(default=1.0, ge=0)
    """Smallest quantity into which a total or a delta is split, in base units; 0: without rounding."""
    rebase_absolute: Literal["keep", "difference", "ratio"] = "keep"
    """What becomes of an absolute total when the automatic forecast its author saw has moved since."""
    collect_months: int = Field(default=6, ge=1, le=24)
    """Months ahead about which authors are asked in workbooks."""
    valid_months: int = Field(default=1, ge=1, le=24)
    """Months after the as-of date for which a collected statement counts, unless its author says else."""
    most_percent_rate: float = Field(default=3.0, gt=0)
    """Change, as a share, beyond which a collected percentage is taken for a slip of the pen."""


class ConsensusSettings(Settings):
    """How the weights of the streams are found."""

    weights: Literal["declared", "earned"] = "declared"
    """Weights as people declare them, or as the streams have earned them in earlier cycles."""
    earned_months_ahead: int = Field(default=3, ge=1, le=24)
    """Months ahead up to which errors of earlier cycles count for earned weights."""
    earned_evidence: float = Field(default=6.0, ge=0)
    """Cycles and months judged at which earned weights count as much as declared ones."""


class OrderSettings(Settings):
    """How open orders and the forecast make the demand."""

    consume: bool = False
    """Whether open orders eat the forecast: demand is the orders and what is left of the forecast."""
    back_days: int = Field(default=14, ge=0, le=366)
    """Days before the bucket of an order from which buckets begin whose forecast it eats after its own."""
    forward_days: int = Field(default=14, ge=0, le=366)
    """Days after the bucket of an order until which buckets begin whose forecast it eats last."""
    overdue: Literal["first_bucket", "leave_out"] = "first_bucket"
    """Whether orders due by as-of are due in the first bucket, or are no demand any more."""


class FenceSettings(Settings):
    """How the near horizon is held to what is known there."""

    hold_to: Literal["nothing", "consensus", "orders"] = "nothing"
    """What the plan inside the fence is held to: nothing, the consensus of the last cycle, or open orders."""
    approved_only: bool = True
    """Whether the consensus is that of the last approved cycle; else of the last, approved or not."""
    buckets: int = Field(default=4, ge=1, le=104)
    """Planning buckets from the start of the horizon that are inside the fence."""
    hold_rate: float = Field(default=1.0, ge=0, le=1)
    """Share of that in the plan inside the fence: 1 is frozen, less is mixed with what is agreed now."""


class ReviewSettings(Settings):
    """How the demand plan is held against earlier cycles."""

    every_months_by_class: Mapping[str, int] = Field(default_factory=lambda: {"CX": 3})
    """Months between reviews of products of a class, by pair (CX) or by XYZ class (X); else each month."""

    @field_validator("every_months_by_class")
    @classmethod
    def _known_classes(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        known = {*"XYZ", *(abc + xyz for abc in "ABC" for xyz in "XYZ")}
        unknown = sorted(set(value) - known)
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no class; a pair such as CX, or X, Y or Z")
        if any(months < 1 for months in value.values()):
            raise ValueError("a product is reviewed every month or every so many months, 1 or more")
        return value

    act_months: int = Field(default=3, ge=1, le=24)
    """Months that pass until supply has followed a changed forecast; errors are priced over them."""
    exception_least_rate: float = Field(default=0.05, ge=0)
    """Error or difference, as a share of the forecast, from which it can be an exception."""
    tracking_signal_limit: float = Field(default=4.0, gt=0)
    """Sum of errors over their mean size, either side, beyond which a forecast errs to one side."""


class DemandSettings(Settings):
    """Settings of the room demand."""

    cleaning: CleaningSettings = CleaningSettings()
    """How sales become unconstrained demand and its baseline."""
    activities: ActivitySettings = ActivitySettings()
    """What is believed of the effects of activities before they are measured."""
    forecast: ForecastSettings = ForecastSettings()
    """How the baseline is forecast."""
    paths: PathSettings = PathSettings()
    """How possible futures of demand are drawn."""
    portfolio: PortfolioSettings = PortfolioSettings()
    """How the portfolio is ranked."""
    manual: ManualSettings = ManualSettings()
    """How statements of people are split down, carried forward and collected."""
    consensus: ConsensusSettings = ConsensusSettings()
    """How the weights of the streams are found."""
    orders: OrderSettings = OrderSettings()
    """How open orders and the forecast make the demand."""
    fence: FenceSettings = FenceSettings()
    """How the near horizon is held to what is known there."""
    review: ReviewSettings = ReviewSettings()
    """How the demand plan is held against earlier cycles."""
    price_elasticity: float = Field(default=-1.5, le=0)
    """Percent change of quantity for one percent of price, where a family has none of its own."""
    price_elasticity_by_family: Mapping[str, float] = Field(default_factory=dict)
    """Elasticity of single families."""
    one_off_kinds: tuple[str, ...] = ("tender", "launch", "listing")
    """Activity kinds that happen once: in the plan in full or not at all, never at half."""
    one_off_threshold_rate: float = Field(default=0.7, ge=0, le=1)
    """Probability from which a one-off activity is in the plan."""
    stream_weights: Mapping[str, float] = Field(
        default_factory=lambda: {"statistical": 0.4, "sales": 0.4, "marketing": 0.1, "finance": 0.1}
    )
    """Weight of each stream in the consensus where the table forecast_weight is silent."""
