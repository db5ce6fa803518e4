"""Safety stock: what the error of the forecast and the spread of the lead time ask for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

__all__ = ["error_over_days", "safety_stock", "service_factor"]

Floats = npt.NDArray[np.float64]


def service_factor(service_level: npt.ArrayLike) -> Floats:
    """Standard deviations of stock that give a cycle service.

    z = Φ⁻¹(α), with α the chance that a replenishment cycle ends without a stock-out
    (``service_level``), errors being normal.

    Parameters
    ----------
    service_level
        Cycle service, between 0 and 1.

    References
    ----------
    Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, 4th ed., 6.7.

    Examples
    --------
    >>> [round(float(z), 3) for z in service_factor([0.90, 0.95, 0.99])]
    [1.282, 1.645, 2.326]
    """
    return np.asarray(ndtri(np.asarray(service_level, dtype=float)), dtype=float)


def safety_stock(
    service_level: npt.ArrayLike,
    error_qty: npt.ArrayLike,
    daily_qty: npt.ArrayLike = 0.0,
    lead_time_std_days: npt.ArrayLike = 0.0,
) -> Floats:
    """Stock that covers forecast error and late deliveries in all but a few cycles.

    ss = z · √(σ_E² + d² · σ_L²), never below zero, with

    ======  ========================  ==================================================
    symbol  argument                  meaning
    ======  ========================  ==================================================
    z       ``service_level``         standard deviations that give the cycle service
    σ_E     ``error_qty``             deviation of the forecast error over the lead time
                                      and the review period together
    d       ``daily_qty``             mean demand of a day
    σ_L     ``lead_time_std_days``    deviation of the lead time, in days
    ======  ========================  ==================================================

    Errors are taken as normal, and independent of the lead time. Where the forecast is the mean
    of steady demand, σ_E is the deviation of demand, as in the examples.

    Parameters
    ----------
    service_level
        Cycle service, between 0 and 1.
    error_qty, daily_qty, lead_time_std_days
        As above, in base units and days.

    References
    ----------
    Chopra & Meindl (2016), Supply Chain Management, 6th ed., equations 12.5 and 12.11,
    examples 12-4 and 12-6.

    Examples
    --------
    Example 12-4: weekly demand 2,500 ± 500, lead time 2 weeks, cycle service 90 percent.

    >>> round(float(safety_stock(0.90, 500 * 2**0.5)))
    906

    Example 12-6: daily demand 2,500 ± 500, lead time 7 ± 7 days, cycle service 90 percent.

    >>> round(float(safety_stock(0.90, 500 * 7**0.5, 2500, 7)))
    22491
    """
    error, daily, late = (
        np.asarray(value, dtype=float) for value in (error_qty, daily_qty, lead_time_std_days)
    )
    spread = np.sqrt(error**2 + (daily * late) ** 2)
    return np.asarray(np.maximum(service_factor(service_level) * spread, 0.0))


def error_over_days(error_by_bucket: Floats, bucket_days: float, days: Floats) -> Floats:
    """Forecast error summed over a number of days, from the errors over 1, 2, … whole buckets.

    Between two whole numbers of buckets the variance is interpolated; beyond the last it grows
    with time, as independent errors do.

    Parameters
    ----------
    error_by_bucket
        Deviation of the error summed over 1, 2, … buckets; things by buckets.
    bucket_days
        Days in a bucket.
    days
        Days wanted, one a thing.

    Examples
    --------
    >>> error_over_days(np.array([[3.0, 5.0]]), 7, np.array([10.5]))
    array([4.12310563])
    """
    variance = np.hstack([np.zeros((len(error_by_bucket), 1)), error_by_bucket**2])
    last = variance.shape[1] - 1
    at = np.asarray(days, dtype=float) / bucket_days
    lower = np.clip(np.floor(at), 0, last - 1).astype(int)
    rows = np.arange(len(variance))
    low, high = variance[rows, lower], variance[rows, lower + 1]
    inside = low + (high - low) * np.clip(at - lower, 0.0, 1.0)
    return np.asarray(np.sqrt(inside * np.maximum(at / last, 1.0)))
