"""What a run starts from: the customer's tables, parsed, checked, changed by the scenario, as of a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sopwb.calendar import history_bucket, horizon_end, plan_periods
from sopwb.config.data import DataSettings
from sopwb.config.load import Setup, load_setup, with_as_of
from sopwb.config.model import BASELINE, Model
from sopwb.config.overlay import apply_changes
from sopwb.cycle.parts import collect_parts
from sopwb.cycle.rejects import allowed, later_sales, used_sales, with_way_out
from sopwb.errors import Fault, InputError
from sopwb.exchange.read import read_inputs
from sopwb.extend import Parts
from sopwb.runs.archive import ARCHIVE_TABLES, cycle_chain, past_tables
from sopwb.runs.publish import Published, find_run, latest_run
from sopwb.schema import Column, Schema, Table, load_schema
from sopwb.schema.parse import parse
from sopwb.schema.validate import validate

__all__ = ["Inputs", "Request", "base_run", "load_inputs", "parse_all", "schema_of"]

SALES = "sales_history"
LONGEST_SILENCE_DAYS = 400
MONTH_END_SLACK_DAYS = 3


@dataclass(frozen=True)
class Request:
    """What is asked for: which customer, which scenario, as of which day, from which source.

    Parameters
    ----------
    folder
        The customer's folder.
    scenario
        Name of the scenario.
    parameters
        Settings of this run by dotted key.
    as_of
        Last day of history; None leaves it to the model and the data.
    source
        Folder of the source data; None leaves it to the customer's mapping.
    runs
        Where runs are kept; None reads no earlier cycle.
    builds_on
        Earlier run it builds on; None takes the latest of an earlier as-of date.
    use_extensions
        Whether the customer's extensions are loaded.
    """

    folder: Path
    scenario: str = BASELINE
    parameters: Mapping[str, Any] | None = None
    as_of: pd.Timestamp | None = None
    source: Path | None = None
    runs: Path | None = None
    builds_on: str | None = None
    use_extensions: bool = True


@dataclass(frozen=True)
class Inputs:
    """The input tables of a run, and what they were made with."""

    setup: Setup
    schema: Schema
    tables: Mapping[str, pd.DataFrame]
    parts: Parts
    builds_on: str | None

    @property
    def model(self) -> Model:
        """The resolved model."""
        return self.setup.model


def schema_of(folder: Path) -> Schema:
    """The core's declarations with those of a customer."""
    return load_schema(sorted((folder / "schema").glob("*.yaml")))


def load_inputs(request: Request) -> Inputs:
    """Every input table of a customer, checked, as a run of this request sees it.

    Raises
    ------
    InputError
        Anything is wrong with the settings or the data; all faults at once.
    SourceError
        A source system cannot be reached.
    """
    setup = load_setup(request.folder, request.scenario, request.parameters)
    schema = schema_of(request.folder)
    parts = collect_parts(setup.model, schema, request.folder if request.use_extensions else None)
    raw = read_inputs(request.folder, schema, source=request.source, sources=parts.sources)
    parsed, rejects = _parsed(raw.frames, schema, setup.model.data)
    as_of = _as_of(request, setup.model, parsed)
    setup = with_as_of(setup, as_of.date())
    seen = {name: _seen(frame, schema[name], as_of) for name, frame in parsed.items()}
    past, builds_on = _past(request, schema, as_of)
    seen |= {name: _joined(seen[name], past[name], schema[name]) for name in ARCHIVE_TABLES}
    seen = apply_changes(seen, setup.changes, schema)
    rejects += later_sales(parsed[SALES], schema[SALES], as_of)
    context = {
        "period": _period(setup.model),
        "input_origin": _origin(raw.origins, parsed, schema),
        "reject": pd.DataFrame(rejects, columns=list(schema["reject"].columns)),
    }
    tables = {name: schema[name].shape(frame) for name, frame in (seen | context).items()}
    return Inputs(setup, schema, tables, parts, builds_on)


def parse_all(raw: Mapping[str, pd.DataFrame], schema: Schema) -> dict[str, pd.DataFrame]:
    """Every input table parsed and checked, the ones that were not provided empty.

    Raises
    ------
    InputError
        Every fault of every table.
    """
    return _parsed(raw, schema, DataSettings())[0]


def _parsed(
    raw: Mapping[str, pd.DataFrame], schema: Schema, settings: DataSettings
) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """Every input table as it is used, and the rows that were left out or taken for something else."""
    faults: list[Fault] = []
    parsed: dict[str, pd.DataFrame] = {}
    read_by = allowed(schema, settings)
    for name, frame in raw.items():
        parsed[name], found = parse(frame, read_by[name])
        faults += found
    faults += validate(parsed, read_by)
    if faults:
        raise InputError(_once([with_way_out(fault) for fault in faults]))
    parsed[SALES], rejects = used_sales(parsed[SALES], schema[SALES], settings)
    if parsed[SALES].empty:
        remedy = f"provide it: {schema[SALES].grain}"
        raise InputError([Fault(SALES, "has no row without an empty cell", remedy=remedy)])
    empty = {table.name: table.empty() for table in schema.inputs() if table.name not in parsed}
    tables = {name: schema[name].shape(frame) for name, frame in sorted((parsed | empty).items())}
    return tables, rejects


def _once(faults: list[Fault]) -> list[Fault]:
    return list({(fault.where, fault.problem): fault for fault in faults}.values())


def _as_of(request: Request, model: Model, tables: Mapping[str, pd.DataFrame]) -> pd.Timestamp:
    if request.as_of is not None:
        return _checked(request.as_of, tables)
    if model.calendar.as_of is not None:
        return _checked(pd.Timestamp(model.calendar.as_of), tables)
    ledger = tables["ledger"]
    closed = ledger.loc[ledger["version"] == "actual", "period"]
    if not closed.empty:
        return pd.Timestamp(closed.max()) + pd.offsets.MonthEnd(0)
    sold = tables["sales_history"]["date"]
    _check_for_wild_dates(sold)
    last = _last_day(sold, model)
    return (last + pd.Timedelta(days=MONTH_END_SLACK_DAYS + 1)).replace(day=1) - pd.Timedelta(days=1)


def _check_for_wild_dates(dates: pd.Series[Any]) -> None:
    """A few sales dated years after all others are slips that would end history in a wrong year."""
    days = dates.sort_values(ignore_index=True)
    after = np.flatnonzero(days.diff() > pd.Timedelta(days=LONGEST_SILENCE_DAYS))
    if not len(after) or len(days) - after[-1] > after[-1]:
        return
    before, wild = days[after[-1] - 1].date(), days[after[-1]].date()
    problem = f"{len(days) - after[-1]} rows from {wild} on follow {before}, and nothing is sold in between"
    remedy = "correct the dates, or say until when history goes in calendar.as_of"
    raise InputError([Fault("sales_history.date", problem, remedy=remedy)])


def _last_day(dates: pd.Series[Any], model: Model) -> pd.Timestamp:
    """Last day that the sales history tells of; its dates may be first days of months or of weeks."""
    last = pd.Timestamp(dates.max())
    month_end = last + pd.offsets.MonthEnd(0)
    if (dates.dt.day == 1).all():
        return month_end
    begin = history_bucket(dates, "week", model.calendar.week_start)
    if ((dates == begin) | (dates.dt.day == 1)).all():
        return min(pd.Timestamp(begin.max()) + pd.Timedelta(days=6), month_end)
    return last


def _checked(as_of: pd.Timestamp, tables: Mapping[str, pd.DataFrame]) -> pd.Timestamp:
    dates = tables["sales_history"]["date"]
    if as_of != as_of + pd.offsets.MonthEnd(0):
        remedy = f"use {(as_of + pd.offsets.MonthEnd(0)).date()}"
        raise InputError([Fault("as-of", f"{as_of.date()} is not the last day of a month", remedy=remedy)])
    if not (dates <= as_of).any():
        problem = f"there is no sales history up to {as_of.date()}"
        raise InputError([Fault("as-of", problem, remedy=f"history begins {dates.min().date()}")])
    return as_of


def _seen(frame: pd.DataFrame, table: Table, as_of: pd.Timestamp) -> pd.DataFrame:
    """The rows and cells that were known on the as-of date; of snapshots only the latest."""
    frame = _known_cells(frame, table, as_of)
    if table.dated_by is None:
        return frame
    known = frame[table.dated_by] < as_of + pd.Timedelta(days=1)
    if table.kind == "archive":
        known = frame[table.dated_by] < as_of
    if table.name == "ledger":
        known |= frame["version"] != "actual"
    seen = frame[known]
    if table.dated_by == "snapshot_date":
        seen = seen[seen["snapshot_date"] == seen["snapshot_date"].max()]
    return seen.reset_index(drop=True)


def base_run(request: Request, as_of: pd.Timestamp) -> Published | None:
    """The run of an earlier cycle on which a run builds: the one asked for, else the latest.

    Raises
    ------
    InputError
        The run asked for does not exist, or is of no earlier cycle.
    """
    if request.runs is None:
        return None
    customer = request.folder.name
    if request.builds_on is None:
        return latest_run(request.runs, customer, BASELINE, before=str(as_of.date()))
    base = find_run(request.runs, request.builds_on, customer)
    if base.manifest["as_of"] >= str(as_of.date()):
        problem = f"{base.run_id} is as of {base.manifest['as_of']}, not before {as_of.date()}"
        raise InputError([Fault("builds-on", problem, remedy="name a run of an earlier cycle")])
    return base


def _known_cells(frame: pd.DataFrame, table: Table, as_of: pd.Timestamp) -> pd.DataFrame:
    """The frame without what was filled into rows after the as-of date, nor the days on which it was."""
    for name, column in table.columns.items():
        if column.dated_by is not None:
            known = frame[column.dated_by] < as_of + pd.Timedelta(days=1)
            frame = frame.assign(**{name: frame[name].where(known, _missing(column))})
    days = {column.dated_by for column in table.columns.values() if column.dated_by}
    for name in sorted(days):
        frame = frame.assign(**{name: frame[name].where(frame[name] < as_of + pd.Timedelta(days=1))})
    return frame


def _missing(column: Column) -> Any:
    return None if column.type == "text" else pd.NA if "int" in column.dtype.lower() else np.nan


def _past(
    request: Request, schema: Schema, as_of: pd.Timestamp
) -> tuple[dict[str, pd.DataFrame], str | None]:
    """Archive tables of the runs on which this one builds, and the nearest of them."""
    base = base_run(request, as_of)
    chain = cycle_chain(request.runs, base) if request.runs is not None else []
    return past_tables(chain, schema), base.run_id if base else None


def _joined(imported: pd.DataFrame, archived: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Archive rows of the customer's own files, but for the cycles that runs tell better."""
    if archived.empty:
        return imported
    older = imported[~imported["cycle"].isin(archived["cycle"].unique())]
    return archived if older.empty else table.shape(pd.concat([older, archived]))


def _period(model: Model) -> pd.DataFrame:
    calendar = model.calendar
    return plan_periods(
        model.as_of,
        weeks=calendar.weekly_horizon_weeks,
        end=horizon_end(model.as_of, calendar.fiscal_year_start_month, calendar.horizon_months),
        week_start=calendar.week_start,
        start_month=calendar.fiscal_year_start_month,
        holidays=model.holidays,
    )


def _origin(origins: Mapping[str, str], tables: Mapping[str, pd.DataFrame], schema: Schema) -> pd.DataFrame:
    rows = [
        {"table": name, "source": origins.get(name, "not provided"), "row_count": len(tables[name])}
        for name in sorted(tables)
    ]
    return schema["input_origin"].shape(pd.DataFrame(rows))
