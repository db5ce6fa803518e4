"""The doors of the room: each takes declared tables and gives declared tables."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.demand.accuracy import archive_accuracy, backtest_accuracy, forecast_error, level_accuracy
from sopwb.demand.activities import still_to_come
from sopwb.demand.activity_plan import activity_effect
from sopwb.demand.activity_review import activity_result
from sopwb.demand.adjustments import demand_adjustment, demand_history_clean
from sopwb.demand.answers import activity_response
from sopwb.demand.author_accuracy import author_accuracy, voice_of, with_authors
from sopwb.demand.calendar_effect import calendar_marks
from sopwb.demand.calendar_plan import CALENDAR_COLUMNS, calendar_effect
from sopwb.demand.consensus import ALL_STREAMS, stream_weight
from sopwb.demand.eligible import never_sold
from sopwb.demand.error_measure import MEASURES
from sopwb.demand.fence import fence_quantity
from sopwb.demand.forecast import Histories, Outlook, forecast_exclusion, histories, outlook, sold_rate
from sopwb.demand.forecast import statistical_forecast as spread_forecast
from sopwb.demand.forecastability import forecastability
from sopwb.demand.launch_review import launch_review
from sopwb.demand.launch_scorecard import launch_scorecard
from sopwb.demand.manual import STREAMS, manual_streams
from sopwb.demand.market_calendar import MarketCalendars, market_calendars
from sopwb.demand.order_consumption import order_consumption, ordered_qty
from sopwb.demand.panel import SERIES, buckets_after, buckets_on, season_of
from sopwb.demand.past import Past, past_of
from sopwb.demand.plan import agreed_forecast, automatic_plan, named_series, plan_cells
from sopwb.demand.plan import demand_plan as agreed_plan
from sopwb.demand.portfolio import portfolio_value
from sopwb.demand.price import net_price
from sopwb.demand.sample_path import backtest_error, bucket_shares, sample_path
from sopwb.demand.scope import SCOPE, series_with_family
from sopwb.demand.standing import standing_forecast
from sopwb.demand.statement import standing_statements
from sopwb.demand.stream_accuracy import past_by_voice, past_stream, past_streams, stream_accuracy
from sopwb.demand.value_added import archived_steps, unit_margin
from sopwb.demand.waterfall import demand_waterfall
from sopwb.extend import Parts, Tables

__all__ = [
    "baseline_only",
    "demand_history",
    "demand_plan",
    "demand_record",
    "past_as_of",
    "portfolio",
    "sample_paths",
    "statistical_forecast",
]


def portfolio(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """What each product is worth, and how launches and phase-outs go."""
    costs, stock = tables["product_cost"], tables["stock_on_hand"]
    value = portfolio_value(
        tables["product"], tables["sales_history"], costs, stock, model.demand.portfolio, as_of=model.as_of
    )
    review = launch_review(
        tables["product"],
        tables["product_successor"],
        tables["sales_history"],
        costs,
        stock,
        as_of=model.as_of,
    )
    card = launch_scorecard(
        review,
        tables["product"],
        tables["product_successor"],
        tables["sales_history"],
        costs,
        stock,
        tables["activity"],
        tables["cost_line"],
        as_of=model.as_of,
    )
    return {"portfolio_value": value, "launch_review": review, "launch_scorecard": card}


def demand_history(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Sales made whole, bucket by bucket, and what past activities did to them."""
    past = past_as_of(tables, model, parts)
    return {
        "demand_history_clean": demand_history_clean(past),
        "demand_adjustment": demand_adjustment(past),
        "activity_response": activity_response(past, model.demand),
        "activity_result": activity_result(past, tables["product_cost"]),
        "demand_waterfall": demand_waterfall(past),
    }


def past_as_of(tables: Tables, model: Model, parts: Parts) -> Past | None:
    """The past of every series that sold, taken apart; None where nothing was ever sold."""
    return past_of(
        tables["sales_history"],
        tables["stock_out"],
        tables["activity"],
        tables["product"],
        tables["market"],
        parts.activity_kinds,
        model.demand,
        as_of=model.as_of,
        bucket=model.calendar.history_bucket,
        week_start=model.calendar.week_start,
        calendars=_calendars(tables, model),
    )


def statistical_forecast(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Baseline forecast with its interval, its backtest, and what cannot be forecast."""
    product, successor = tables["product"], tables["product_successor"]
    settings, bucket = model.demand.forecast, model.calendar.history_bucket
    clean = tables["demand_history_clean"]
    if clean.empty:
        return _nothing(never_sold(product, clean, model.as_of))
    past = histories(clean, product, successor, settings, as_of=model.as_of, bucket=bucket)
    if past.series.empty:
        return _nothing(forecast_exclusion(past))
    ahead = _outlook(past, tables, model, parts)
    most = settings.error_buckets if bucket == "week" else max(1, settings.error_buckets // 2)
    return {
        "statistical_forecast": _spread(past, ahead, tables, model),
        "calendar_effect": _calendar(past, ahead, tables, model),
        "forecast_exclusion": forecast_exclusion(past),
        "forecast_error": forecast_error(ahead.backtest, past.series, tables["market"], ahead.forecast, most),
        "backtest_error": backtest_error(
            ahead.backtest.error, ahead.backtest.origins, past.series, past.dates
        ),
        "backtest_accuracy": backtest_accuracy(
            ahead.backtest,
            past.demand,
            past.activity,
            past.series["family"],
            ahead.level,
            ahead.route,
            season_of(bucket),
        ),
        "forecastability": forecastability(
            ahead.backtest,
            past.demand,
            past.activity,
            past.series["product"],
            model.demand.portfolio,
            season_of(bucket),
        ),
    }


def baseline_only(clean: pd.DataFrame, tables: Tables, model: Model, parts: Parts) -> pd.DataFrame:
    """Table ``statistical_forecast`` without a band, its baseline the same as with one.

    Parameters
    ----------
    clean
        Table ``demand_history_clean``.
    tables
        product, product_successor, market, holiday and period.
    """
    product, successor = tables["product"], tables["product_successor"]
    settings, bucket = model.demand.forecast, model.calendar.history_bucket
    nothing = _nothing(pd.DataFrame())["statistical_forecast"]
    if clean.empty:
        return nothing
    past = histories(clean, product, successor, settings, as_of=model.as_of, bucket=bucket)
    if past.series.empty:
        return nothing
    return _spread(past, _outlook(past, tables, model, parts, banded=False), tables, model)


def _outlook(past: Histories, tables: Tables, model: Model, parts: Parts, *, banded: bool = True) -> Outlook:
    bucket = model.calendar.history_bucket
    horizon = len(buckets_after(past.dates[-1], tables["period"]["end_date"].max(), bucket))
    calendars = _calendars(tables, model)
    dates = buckets_on(past.dates, horizon, bucket)
    return outlook(
        past,
        parts.forecasters,
        model.demand.forecast,
        horizon=horizon,
        season=season_of(bucket),
        marks=calendar_marks(dates, bucket, calendars.days) if model.demand.forecast.calendar else None,
        calendar=calendars.of(past.series["market"]),
        banded=banded,
    )


def _calendars(tables: Tables, model: Model) -> MarketCalendars:
    """Holidays of every calendar that a market keeps."""
    return market_calendars(tables["market"], tables["holiday"], model.calendar.holidays, model.as_of.year)


def _calendar(past: Histories, ahead: Outlook, tables: Tables, model: Model) -> pd.DataFrame:
    """Table ``calendar_effect``."""
    bucket, period = model.calendar.history_bucket, tables["period"]
    cells = past.series[SERIES].merge(period[["period"]], how="cross")
    own = sold_rate(cells, tables["product"], tables["product_successor"], period, model.as_of)
    return calendar_effect(
        ahead.calendar,
        ahead.normal,
        ahead.forecast,
        own.reshape(len(past.series), len(period)),
        past.series,
        buckets_after(past.dates[-1], period["end_date"].max(), bucket),
        period,
        _calendars(tables, model).names,
        bucket=bucket,
        holidays=model.holidays,
    )


def _spread(past: Histories, ahead: Outlook, tables: Tables, model: Model) -> pd.DataFrame:
    return spread_forecast(
        past,
        ahead,
        tables["product"],
        tables["product_successor"],
        tables["period"],
        model.demand.forecast,
        as_of=model.as_of,
        bucket=model.calendar.history_bucket,
        holidays=model.holidays,
    )


def _nothing(excluded: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of a forecast without a series."""
    empty = {
        "statistical_forecast": [
            *SERIES,
            "period",
            "baseline_qty",
            "normal_qty",
            "calendar_qty",
            "lower_qty",
            "upper_qty",
            "method",
        ],
        "calendar_effect": CALENDAR_COLUMNS,
        "forecast_error": ["product", "location", "buckets", "error_qty", "mean_qty"],
        "backtest_error": [*SERIES, "origin", "ahead", "error_qty"],
        "forecastability": [
            "product",
            "judged",
            "actual_qty",
            "absolute_error_qty",
            "error_rate",
            "xyz_class",
        ],
        "backtest_accuracy": [
            "source",
            "stream",
            "family",
            "lag",
            "actual_qty",
            "forecast_qty",
            "absolute_error_qty",
            "wmape_rate",
            "bias_rate",
            "coverage_rate",
            "pinball_rate",
            "value_added_rate",
            *MEASURES,
        ],
    }
    tables = {name: pd.DataFrame({column: [] for column in columns}) for name, columns in empty.items()}
    return {**tables, "forecast_exclusion": excluded}


def demand_record(tables: Tables, model: Model, _parts: Parts) -> dict[str, pd.DataFrame]:
    """How earlier forecasts came out: what each voice said in every archived cycle, and its error."""
    product, sales, past_plan = tables["product"], tables["sales_history"], tables["past_demand_plan"]
    said = with_authors(tables["manual_forecast"])
    known = product, tables["market"], sales, model.demand.manual
    voices = _voices(tables)
    past = past_streams(past_plan, said, *known, as_of=model.as_of, streams=voices)
    steps = archived_steps(past_plan, sales, product, as_of=model.as_of)
    archive = archive_accuracy(steps, sales, as_of=model.as_of)
    limit = model.demand.review.tracking_signal_limit
    accuracy = [frame for frame in (tables["backtest_accuracy"], archive) if not frame.empty] or [archive]
    return {
        "past_stream": past_stream(past, voices),
        "stream_accuracy": stream_accuracy(past, sales, as_of=model.as_of),
        "forecast_accuracy": pd.concat(accuracy),
        "level_accuracy": level_accuracy(steps, sales, tables["past_demand_range"], limit, as_of=model.as_of),
    }


def _voices(tables: Tables) -> tuple[str, ...]:
    """Every voice that is heard apart: the functions of the company, and single authors."""
    return (*STREAMS, *(voice_of(str(name)) for name in tables["manual_forecast"]["author"].unique()))


def demand_plan(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """The plan in units and money, every stream kept apart."""
    product, market, period = tables["product"], tables["market"], tables["period"]
    settings = model.demand
    coming = still_to_come(tables["activity"], model.as_of, settings.cleaning.longest_activity_days)
    statements = standing_statements(tables["manual_forecast"], model.as_of)
    named = pd.concat([coming[SCOPE], statements[SCOPE]], ignore_index=True)
    orders = ordered_qty(tables["open_order"], period, settings.orders, model.as_of)
    if settings.orders.consume:
        named = pd.concat([named, orders[SERIES]], ignore_index=True)
    extra = named_series(named, tables["statistical_forecast"], product, market)
    cells = plan_cells(tables["statistical_forecast"], extra, product, market, period)
    series = series_with_family(cells[SERIES].drop_duplicates(), product)
    effect = activity_effect(
        coming, cells, series, period, parts.activity_kinds, settings, tables["activity_response"]
    )
    price = net_price(
        cells,
        tables["price"],
        tables["rebate"],
        tables["currency_rate"],
        tables["sales_history"],
        reporting=model.currency,
        as_of=model.as_of,
    )
    automatic = automatic_plan(cells, effect)
    known = product, market, tables["sales_history"], settings.manual
    voices = manual_streams(statements, automatic, period, *known, as_of=model.as_of)
    weight = stream_weight(
        tables["forecast_weight"], automatic["family"], tables["stream_accuracy"], settings
    )
    used = weight.pivot(index="family", columns="stream", values="weight").reindex(columns=list(ALL_STREAMS))
    agreed, apart = agreed_forecast(
        automatic,
        voices.streams,
        used,
        lambda cells: fence_quantity(
            cells, orders, tables["past_demand_plan"], period, settings.fence, model.as_of
        ),
        settings.fence,
    )
    counted = orders if settings.orders.consume else orders.iloc[:0]
    eaten = order_consumption(agreed, counted, period, settings.orders)
    plan = agreed_plan(agreed, eaten, price)
    margin = unit_margin(plan, tables["product_cost"], period)
    past = past_by_voice(tables["past_stream"], _voices(tables))
    return {
        "activity_effect": effect,
        "demand_plan": plan,
        "order_consumption": eaten,
        "demand_stream": apart,
        "standing_forecast": standing_forecast(statements, voices.heard, as_of=model.as_of),
        "stream_weight": weight,
        "author_accuracy": author_accuracy(
            past, tables["manual_forecast"], tables["sales_history"], margin, as_of=model.as_of
        ),
    }


def sample_paths(tables: Tables, model: Model, parts: Parts) -> dict[str, pd.DataFrame]:
    """Possible futures of demand around the plan, drawn from how forecasts and activities have erred."""
    bucket, clean = model.calendar.history_bucket, tables["demand_history_clean"]
    last = clean["date"].max() if len(clean) else model.as_of
    share = bucket_shares(last, tables["period"], bucket, model.holidays)
    plan, errors = tables["demand_plan"], tables["backtest_error"]
    return {"sample_path": sample_path(plan, errors, tables["activity_effect"], share, model.demand.paths)}
