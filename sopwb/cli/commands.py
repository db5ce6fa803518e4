"""The commands; each raises what goes wrong, and `sopwb.cli.main` tells it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sopwb.cli.say import say, tell
from sopwb.errors import InputError, PlanCheckError

if TYPE_CHECKING:
    import pandas as pd

    from sopwb.cycle.inputs import Request
    from sopwb.runs.publish import Published

__all__ = ["app"]

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
    fresh: Annotated[bool, typer.Option(help="Make everything again, whatever earlier runs made.")] = False,
) -> None:
    """Plan a customer and publish the report."""
    from sopwb.cycle.memory import runs_folder
    from sopwb.cycle.run import publish_run

    request = _request(customer, scenario, as_of, source, set_, builds_on)
    with _progress() as progress:
        published = publish_run(request, runs_folder(), progress=progress, isolated=isolated, fresh=fresh)
    for warning in published.manifest["warnings"]:
        tell(f"Note: {warning}.")
    say(f"{published.manifest['headline']}\n{_index(published)}")
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
    say(
        f"{inputs.model.name}: {len(provided)} tables with {rows:,} rows are sound.\n"
        f"As of {inputs.model.as_of.date()}, planned to {end}."
    )
    for row in inputs.tables["reject"].to_dict("records"):
        say(
            f"{row['table']}.{row['column']}: {row['row_count']:,} row(s), {row['problem']}: {row['done']}\n"
            f"    {row['first_rows']}\n  → {row['remedy']}"
        )


@app.command()
def runs(customer: Annotated[str | None, typer.Argument(help="Only of this customer.")] = None) -> None:
    """List published runs, newest last."""
    from sopwb.cycle.manifest import short_commit
    from sopwb.cycle.memory import runs_folder
    from sopwb.runs.publish import list_runs

    found = list_runs(runs_folder(), customer)
    if not found:
        say("No run is published yet: `sopwb run` makes one.")
    for item in found:
        facts = item.manifest
        say(
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
    say(f"A {one.run_id}\nB {other.run_id}\n")
    say(f"{'':28}{'A':>14}{'B':>14}{'B − A':>14}")
    for row in both.to_dict("records"):
        values = [by_unit(row[name], row["unit"], currency) for name in ("first_value", "second_value")]
        change = by_unit(row["delta_value"], row["unit"], currency, signed=True)
        say(f"{row['kpi'].replace('_', ' '):28}{values[0]:>14}{values[1]:>14}{change:>14}")


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
    say(f"{found.run_id} is approved by {by}.")


@app.command()
def verify(
    run_name: Annotated[
        str, typer.Argument(metavar="RUN", help="The run: its name, its beginning, or `latest`.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Plan again from its own inputs, and compare every table.")
    ] = False,
) -> None:
    """Verify that a published run is what it was, and name what was changed."""
    from sopwb.cycle.memory import find_customer, runs_folder
    from sopwb.cycle.verify import verify_files, verify_tables
    from sopwb.runs.publish import find_run

    found = find_run(runs_folder(), run_name)
    try:
        customer = find_customer(found.manifest["customer"])
    except InputError:
        if again:
            raise
        customer = None
    verdict = verify_files(found, customer)
    for warning in verdict.warnings:
        tell(f"Note: {warning}.")
    told = [f"{found.run_id} is not what was published:", *verdict.changed] if verdict.changed else []
    different = list(verify_tables(found, customer)) if again and customer is not None else []
    told += [f"{found.run_id} does not come out the same today:", *different] if different else []
    if told:
        raise PlanCheckError("\n".join(told))
    made_again = ", and every table comes out the same again" if again else ""
    say(f"{found.run_id} is whole: {verdict.file_count} files are as they were published{made_again}.")


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
        say("\n".join([f"{len(paths)} workbook(s) are in {folder}:", *(f"  {path.name}" for path in paths)]))
        return
    done = read_folder(request, read, _day(entered_at, "--entered-at"))
    say("\n".join(f"{name}: {count} row(s)" for name, count in done.workbooks.items()))
    say(
        f"{len(done.rows)} row(s) are added to {done.path}" if done.path else "Nothing new; nothing is added."
    )


@app.command(name="demo-history")
def demo_history() -> None:
    """Make the demo's past cycles by running the workbench as of each of them."""
    from sopwb.cycle.history import make_history
    from sopwb.cycle.memory import find_customer

    for line in make_history(find_customer("demo")):
        say(line)


@app.command()
def lab() -> None:
    """Open JupyterLab on the notebooks."""
    from sopwb.cli.lab import open_lab

    raise typer.Exit(open_lab())


@app.command()
def schema(
    target: Annotated[Path | None, typer.Argument(help="File to write; the screen by default.")] = None,
    templates: Annotated[Path | None, typer.Option(help="Folder for empty input workbooks.")] = None,
    dictionary: Annotated[Path | None, typer.Option(help="File for the data dictionary.")] = None,
    customer: Annotated[
        str | None, typer.Option(help="Customer whose own columns and tables count; the one here by default.")
    ] = None,
) -> None:
    """Write the JSON schema of model.yaml for editors, or empty workbooks and the dictionary of tables."""
    import json

    from sopwb.config.load import model_json_schema

    if templates is not None or dictionary is not None:
        _describe_tables(templates, dictionary, customer)
        return
    text = json.dumps(model_json_schema(), indent=2) + "\n"
    if target is None:
        say(text)
    else:
        target.write_text(text, encoding="utf-8")
        say(f"The schema is in {target}")


def _describe_tables(templates: Path | None, dictionary: Path | None, customer: str | None) -> None:
    from sopwb.cycle.inputs import schema_of
    from sopwb.cycle.memory import find_customer
    from sopwb.exchange.write import write_templates
    from sopwb.schema import load_schema
    from sopwb.schema.dictionary import dictionary as in_words

    is_here = customer is None and Path("model.yaml").is_file()
    folder = find_customer(customer or ".") if customer or is_here else None
    tables = schema_of(folder) if folder else load_schema()
    whose = f", with the columns and tables of {folder.name}" if folder else ""
    if templates is not None:
        say(f"{len(write_templates(templates, tables))} workbooks are in {templates}{whose}")
    if dictionary is not None:
        dictionary.write_text(in_words(tables, folder.name if folder else ""), encoding="utf-8")
        say(f"The dictionary is {dictionary}{whose}")


@app.command()
def new(path: Annotated[Path, typer.Argument(help="Folder of the new customer; it must not exist.")]) -> None:
    """Make the folder of a new customer that runs at once."""
    from sopwb.cycle.skeleton import new_customer

    folder = new_customer(path)
    say(f"{folder} is ready: `sopwb run {folder}` plans it. Begin with its README.md.")


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
