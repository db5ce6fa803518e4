import numpy as np
import pandas as pd
import pytest

from sopwb.demand import forecasters
from sopwb.demand.panel import Panel
from sopwb.errors import InputError

YEAR = np.tile([80.0, 90, 100, 110, 120, 130, 140, 130, 120, 100, 90, 90], 4)


def month_series(values):
    from darts import TimeSeries

    months = pd.date_range("2020-01-01", periods=len(values), freq="MS")
    return TimeSeries.from_times_and_values(months, np.asarray(values))


def test_the_panel_speaks_the_language_of_darts():
    from sopwb.demand.darts_model import PanelModel

    draw = np.random.default_rng(13)
    values = [YEAR * draw.uniform(0.9, 1.1, 48), YEAR[:40] * 3]
    model = PanelModel(("damped_trend", "theta"), season=12).fit([month_series(v) for v in values])
    both = model.predict(6, series=[month_series(v) for v in values])
    assert [str(part.start_time())[:10] for part in both] == ["2024-01-01", "2023-05-01"]
    panel = Panel(values[0][None], np.zeros(1, dtype=np.int64))
    ours = (forecasters.damped_trend(panel, 12, 6) + forecasters.theta(panel, 12, 6)) / 2
    assert both[0].values()[:, 0] == pytest.approx(ours[0])
    one = PanelModel(season=12).fit(month_series(values[0])).predict(6)
    assert one.values() == pytest.approx(both[0].values())


def test_darts_can_backtest_it():
    from darts.metrics import mae

    from sopwb.demand.darts_model import PanelModel

    model = PanelModel(("holt_winters",), season=12)
    error = model.backtest(month_series(YEAR), start=40, forecast_horizon=3, retrain=True, metric=mae)
    assert error < 10


def test_an_unknown_name_is_refused():
    from sopwb.demand.darts_model import PanelModel

    with pytest.raises(InputError, match="unknown forecaster 'orakel'"):
        PanelModel(("orakel",))
