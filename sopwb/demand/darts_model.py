"""The vectorised forecasters behind the interface of darts, for its backtests, metrics and ensembles.

Imports darts, which is slow; nothing in a run imports this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from darts import TimeSeries
from darts.models.forecasting.forecasting_model import GlobalForecastingModel

from sopwb.config.demand import ForecastSettings
from sopwb.demand.combine import candidates, check_forecasters, equal_weights, mixed
from sopwb.demand.intake import series_side_by_side
from sopwb.demand.panel import Array, Panel
from sopwb.demand.study import built_in_forecasters

__all__ = ["PanelModel"]

LEAST_LENGTH = 3


class PanelModel(GlobalForecastingModel):  # type: ignore[misc]
    """Mean of forecasters of the workbench, all series in one array.

    Parameters
    ----------
    forecasters
        Names of built-in forecasters that are averaged.
    season
        Buckets in a season; 1 for none.
    """

    def __init__(self, forecasters: Sequence[str] = ("damped_trend", "theta"), season: int = 12) -> None:
        super().__init__()
        self.names, self.season = tuple(forecasters), season
        check_forecasters(self.names, built_in_forecasters())

    def fit(self, series: Any, *args: Any, **options: Any) -> PanelModel:
        """Keep the series; everything is computed at once when forecasts are wanted."""
        # darts' backtests hand this over even when there is none
        options.pop("sample_weight", None)
        super().fit(series, *args, **options)
        self._series = [series] if isinstance(series, TimeSeries) else list(series)
        return self

    def predict(self, n: int, series: Any = None, *args: Any, **options: Any) -> Any:
        """Forecast of the series given, else of those it was fitted to, as many buckets as wanted."""
        fitted = self._series if self.training_series is None else self.training_series
        chosen: Any = fitted if series is None else series
        super().predict(n, chosen, *args, **options)
        one = isinstance(chosen, TimeSeries)
        given: list[Any] = [chosen] if one else list(chosen)
        paths = self._paths([part.univariate_values().astype(float) for part in given], n)
        made = [self._build_forecast_series(path, part) for path, part in zip(paths, given, strict=True)]
        return made[0] if one else made

    def _paths(self, values: Sequence[Array], horizon: int) -> Array:
        history = series_side_by_side(values)
        panel = Panel(history, np.arange(len(history), dtype=np.int64))
        settings, route = ForecastSettings(regular=self.names), np.zeros(len(history), dtype=np.int64)
        now = np.array([history.shape[1]], dtype=np.int64)
        found = candidates(panel, route, built_in_forecasters(), settings, self.season, horizon, now)
        return np.asarray(mixed(found, equal_weights(route, settings), (1, len(history), horizon))[0])

    @property
    def supports_multivariate(self) -> bool:
        """A series has one component."""
        return False

    @property
    def _model_encoder_settings(self) -> tuple[None, None, bool, bool, None, None]:
        return None, None, False, False, None, None

    @property
    def _target_window_lengths(self) -> tuple[int, int]:
        return LEAST_LENGTH, 0

    @property
    def extreme_lags(self) -> tuple[int, int, None, None, None, None, int]:
        """It looks back as far as there is history, at least a few buckets."""
        return -LEAST_LENGTH, 0, None, None, None, None, 0

    @property
    def min_train_samples(self) -> int:
        """One series is enough."""
        return 1
