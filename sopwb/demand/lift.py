"""What is known ahead and multiplies demand: taken off before the forecast, put back afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sopwb.demand.backtest import Backtest, after_origins
from sopwb.demand.panel import Array, Panel

__all__ = ["Lift"]


@dataclass(frozen=True)
class Lift:
    """Multipliers of demand by what is known ahead, such as the calendar, prices and promotions.

    Parameters
    ----------
    judged
        Histories without the effects, for the backtest: effects that were read before its first origin.
    past
        These effects, series by bucket of the history.
    ahead
        Effects read from the whole history, series by bucket ahead.
    then
        Effects as they were known at each origin, origin by series by bucket ahead; None: those of ``past``.
    of_benchmarks
        Whether the histories of the benchmarks are without the effects too.
    sold
        Histories without the effects but with the surprises that are taken off ``judged``, against which the
        backtest is held; None where none are.
    """

    judged: Panel
    past: Array
    ahead: Array
    then: Array | None = None
    of_benchmarks: bool = True
    sold: Array | None = None

    def on(self, backtest: Backtest) -> Backtest:
        """The backtest with the effects, which are then as uncertain in it as in the forecast."""
        if len(backtest.origins) == 0:
            return backtest
        taken = after_origins(self.past, backtest.origins, backtest.forecast.shape[2])
        put = taken if self.then is None else self.then
        actual = backtest.actual
        if self.sold is not None:
            came = after_origins(self.sold, backtest.origins, actual.shape[2])
            actual = np.where(np.isfinite(actual), came, np.nan)
        benchmark = taken if self.of_benchmarks else np.ones_like(taken)
        return Backtest(
            backtest.forecast * put,
            backtest.naive * benchmark,
            backtest.seasonal_naive * benchmark,
            actual * taken,
            backtest.origins,
        )
