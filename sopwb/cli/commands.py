"""The command line: one readable message for every mistake, and an exit code a scheduler can read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sopwb.errors import InputError, PlanCheckError, SopwbError

if TYPE_CHECKING:
    import pandas as pd

    from sopwb.cycle.inputs import Request
    from sopwb.runs.publish import Published

__all__ = ["app", "main"]

STOPPED = 130
OUR_FAULT = 70
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

app = typer.Typer(
    name="sopwb",
    help="An open workbench for Sales & Operations Planning with finance inside.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Customer = Annotated[str, typer.Argument(help="Name of a customer, or path to a customer's folder.")]
Scenario = Annotated[str, typer.Option(help="Scenario to plan.")]
AsOf = Annotated[str | None, typer.Option(help="Last day of history, such as 2026-02-28.")]
Source = Annotated[Path | None, typer.Option(help="Folder of the source system's files.")]
BuildsOn = Annotated[str | None, typer.Option(help="Earlier run to build on; the latest by default.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="A setting of this run, as supply.late_days_maximum=14.")
]
NoExtensions = Annotated[bool, typer.Option("--no-extensions", help="Do not load the customer's code.")]


@app.command()
def run(
    customer: Customer,
    scenario: Scenario = "baseline",
    as_of: AsOf = None,
    source: Source = None,
    builds_on: BuildsOn = None,
    set_: Set = None,
    isolated: Annotated[bool, typer.Option(help="A kernel of its own for each notebook.")] = False,
) -> None:
    """Plan a customer and publish the report."""
    from sopwb.cycle.memory import runs_folder
    from sopwb.cycle.run import publish_run

    request = _request(customer, scenario, as_of, source, set_, builds_on)
    with _progress() as progress:
        published = publish_run(request, runs_folder(), progress=progress, isolated=isolated)
    _say(f"{published.manifest['headline']}\n{_index(published)}")
    failed = [row for row in published.manifest["checks"] if row["status"] == "fail"]
    if failed:
        lines = [f"{row['check'].replace('_', ' ')}: {row['message']}" for row in failed]
        raise PlanCheckError("\n".join(["The plan is published, but fails its own checks:", *lines]))


@app.command()
def check(
    customer: Customer,
    scenario: Scenario = "baseline",
    as_of: AsOf = None,
    source: Source = None,
    set_: Set = None,
    no_extensions: NoExtensions = False,
) -> None:
    """Read and check a customer's settings and data, and plan nothing."""
    from dataclasses import replace

    from sopwb.cycle.inputs import load_inputs

    request = _request(customer, scenario, as_of, source, set_, None)
    inputs = load_inputs(replace(request, use_extensions=not no_extensions))
    provided = inputs.tables["input_origin"]
    provided = provided[provided["row_count"] > 0]
    rows = int(provided["row_count"].sum())
    end = inputs.tables["period"]["end_date"].max().date()
    _say(
        f"{inputs.model.name}: {len(provided)} tables with {rows:,} rows are sound.\n"
        f"As of {inputs.model.as_of.date()}, planned to {end}."
    )


@app.command()
def runs(customer: Annotated[str | None, typer.Argument(help="Only of this customer.")] = None) -> None:
    """List published runs, newest last."""
    from sopwb.cycle.manifest import short_commit
    from sopwb.cycle.memory import runs_folder
    from sopwb.runs.publish import list_runs

    found = list_runs(runs_folder(), customer)
    if not found:
        _say("No run is published yet: `sopwb run` makes one.")
    for item in found:
        facts = item.manifest
        _say(
            f"{facts['customer']}/{item.run_id}  as of {facts['as_of']}  {facts['status']}"
            f"  {short_commit(facts)}\n    {facts['headline']}"
        )


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A run: its name, the beginning of it, or `latest`.")],
    second: Annotated[str, typer.Argument(help="The run it is compared with.")],
) -> None:
    """Compare the key figures of two runs."""
    from sopwb.cycle.memory import runs_folder
    from sopwb.report.numbers import by_unit
    from sopwb.runs.publish import find_run
    from sopwb.runs.store import read_table
    from sopwb.scenario.compare import compare_runs
    from sopwb.schema import load_schema

    one, other = (find_run(runs_folder(), name) for name in (first, second))
    table = load_schema()["kpi"]
    frames = [read_table(run.folder / "tables" / "kpi.parquet", table) for run in (one, other)]
    both = compare_runs(*frames)
    both = both[both["scope"] == "*"]
    currency = one.manifest["currency"]
    _say(f"A {one.run_id}\nB {other.run_id}\n")
    _say(f"{'':28}{'A':>14}{'B':>14}{'B − A':>14}")
    for row in both.to_dict("records"):
        values = [by_unit(row[name], row["unit"], currency) for name in ("first_value", "second_value")]
        change = by_unit(row["delta_value"], row["unit"], currency, signed=True)
        _say(f"{row['kpi'].replace('_', ' '):28}{values[0]:>14}{values[1]:>14}{change:>14}")


@app.command()
def approve(
    run_name: Annotated[
        str, typer.Argument(metavar="RUN", help="The run: its name, its beginning, or `latest`.")
    ],
    by: Annotated[str, typer.Option(help="Who approves.")],
    comment: Annotated[str, typer.Option(help="What should be remembered.")] = "",
) -> None:
    """Approve a published run; the next cycle builds on it."""
    import datetime as dt

    from sopwb.cycle.memory import runs_folder
    from sopwb.runs.archive import approve as approve_run
    from sopwb.runs.publish import find_run

    found = find_run(runs_folder(), run_name)
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    approve_run(found, by, comment, moment)
    _say(f"{found.run_id} is approved by {by}.")


@app.command()
def collect(
    customer: Customer,
    to: Annotated[
        Path | None, typer.Option(help="Folder for the workbooks; collect/CUSTOMER by default.")
    ] = None,
    read: Annotated[Path | None, typer.Option(help="Folder of filled-in workbooks to read back.")] = None,
    author: Annotated[str | None, typer.Option(help="Only the workbook of this author.")] = None,
    entered_at: Annotated[
        str | None, typer.Option(help="Moment the rows read bear, as 2026-02-28; the as-of date by default.")
    ] = None,
    as_of: AsOf = None,
    source: Source = None,
) -> None:
    """Write a workbook for each author to fill in a forecast, or read filled-in workbooks back."""
    from sopwb.cycle.collect import collect_forms, read_folder

    request = _request(customer, "baseline", as_of, source, None, None)
    if read is None:
        folder = to or Path("collect") / request.folder.name
        paths = collect_forms(request, folder, author)
        _say("\n".join([f"{len(paths)} workbook(s) are in {folder}:", *(f"  {path.name}" for path in paths)]))
        return
    done = read_folder(request, read, _day(entered_at, "--entered-at"))
    _say("\n".join(f"{name}: {count} row(s)" for name, count in done.workbooks.items()))
    _say(
        f"{len(done.rows)} row(s) are added to {done.path}" if done.path else "Nothing new; nothing is added."
    )


@app.command(name="demo-history")
def demo_history() -> None:
    """Make the demo's past cycles by running the workbench as of each of them."""
    from sopwb.cycle.history import make_history
    from sopwb.cycle.memory import find_customer

    for line in make_history(find_customer("demo")):
        _say(line)


@app.command()
def lab() -> None:
    """Open JupyterLab on the notebooks."""
    from sopwb.cli.lab import open_lab

    raise typer.Exit(open_lab())


@app.command()
def schema(
    target: Annotated[Path | None, typer.Argument(help="File to write; the screen by default.")] = None,
    templates: Annotated[Path | None, typer.Option(help="Folder for empty input workbooks.")] = None,
) -> None:
    """Write the JSON schema of model.yaml for editors, or empty workbooks for input tables."""
    import json

    from sopwb.config.load import model_json_schema
    from sopwb.exchange.write import write_templates
    from sopwb.schema import load_schema

    if templates is not None:
        written = write_templates(templates, load_schema())
        _say(f"{len(written)} workbooks are in {templates}")
        return
    text = json.dumps(model_json_schema(), indent=2) + "\n"
    if target is None:
        _say(text)
    else:
        target.write_text(text, encoding="utf-8")
        _say(f"The schema is in {target}")


@app.command()
def new(path: Annotated[Path, typer.Argument(help="Folder of the new customer; it must not exist.")]) -> None:
    """Make the folder of a new customer that runs at once."""
    from sopwb.cycle.skeleton import new_customer

    folder = new_customer(path)
    _say(f"{folder} is ready: `sopwb run {folder}` plans it. Begin with its README.md.")


def main() -> None:
    """Run the command line; every mistake is one message on the error stream, and an exit code."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    os.environ.setdefault("PANDAS_COPY_ON_WRITE", "1")
    try:
        code = app(standalone_mode=False)  # of a command that ends with `typer.Exit`, or was stopped
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except SopwbError as error:
        _tell(str(error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last door: nobody should read a traceback
        sys.exit(_usage_or_ours(error))
    if code == STOPPED:
        _tell("Stopped. Nothing was published.")
    sys.exit(code)


def _usage_or_ours(error: Exception) -> int:
    """Exit code of an error nobody named: wrong usage, else our fault, with its trace in a file."""
    show = getattr(error, "show", None)
    if callable(show):  # the parser's own errors, whichever copy of click it carries
        show()
        return 2
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", suffix=".txt", prefix="sopwb-", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    _tell(f"This is our fault: {type(error).__name__}: {error}\nThe details are in {file.name}")
    return OUR_FAULT


def _request(
    customer: str,
    scenario: str,
    as_of: str | None,
    source: Path | None,
    set_: list[str] | None,
    builds_on: str | None,
) -> Request:
    from sopwb.cycle.inputs import Request
    from sopwb.cycle.memory import find_customer, runs_folder

    folder = find_customer(customer)
    return Request(folder, scenario, _parameters(set_), _day(as_of), source, runs_folder(), builds_on)


def _day(text: str | None, option: str = "--as-of") -> pd.Timestamp | None:
    import pandas as pd

    from sopwb.errors import Fault

    if text is None:
        return None
    try:
        return pd.Timestamp(pd.to_datetime(text, format="%Y-%m-%d"))
    except ValueError:
        raise InputError([Fault(option, f"{text!r} is not a date", remedy="write 2026-02-28")]) from None


def _parameters(words: list[str] | None) -> dict[str, Any]:
    import yaml

    from sopwb.document import scalar
    from sopwb.errors import Fault

    faults, parameters = [], {}
    for word in words or []:
        key, sign, value = word.partition("=")
        if not sign or not key:
            faults.append(
                Fault("--set", f"{word!r} sets nothing", remedy="write --set supply.late_days_maximum=14")
            )
        elif key in parameters:
            faults.append(Fault("--set", f"{key} is set twice", remedy="keep one of them"))
        else:
            parameters[key] = scalar(yaml.ScalarNode("tag:yaml.org,2002:str", value), Path("--set"))
    if faults:
        raise InputError(faults)
    return parameters


def _progress() -> Any:
    from sopwb.cli.progress import meeting_bar

    return meeting_bar()


def _index(published: Published) -> str:
    return f"The report is {published.folder / 'index.html'}"


def _say(text: str) -> None:
    print(text)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
