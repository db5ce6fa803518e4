import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sopwb.config.load import load_setup
from sopwb.cycle.checks import check
from sopwb.cycle.inputs import schema_of
from sopwb.cycle.parts import collect_parts
from sopwb.cycle.stages import flow, run_stage
from sopwb.demand.panel import Panel

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "tailoring"


def blocks(page: str, language: str) -> list[str]:
    """Examples of one language on a page, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    """A customer made of the examples of the page."""
    folder = tmp_path_factory.mktemp("docs") / "acme"
    for name in ("schema", "extensions"):
        (folder / name).mkdir(parents=True)
    model, column, table, _replace = blocks("README.md", "yaml")
    (folder / "model.yaml").write_text(model, encoding="utf-8")
    (folder / "scenarios.yaml").write_text(blocks("scenarios.md", "yaml")[0], encoding="utf-8")
    (folder / "schema" / "resource.yaml").write_text(column, encoding="utf-8")
    (folder / "schema" / "contract_use.yaml").write_text(table, encoding="utf-8")
    for name, text in zip(
        ("contract", "figures", "toll", "forecast"), blocks("README.md", "python"), strict=False
    ):
        (folder / "extensions" / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def plan(acme):
    """Model, declarations and parts of that customer, and a plan of one week on two lines."""
    model, schema = load_setup(acme).model, schema_of(acme)
    week = pd.Timestamp("2026-03-02")
    ended = pd.DataFrame(
        {"resource": ["toll", "own"], "contract_end_date": [pd.Timestamp("2026-02-28"), pd.NaT]}
    )
    use = pd.DataFrame({"resource": ["toll", "own"], "period": week, "required_hours": [12.0, 40.0]})
    tables = {"resource": ended, "capacity_use": use}
    return SimpleNamespace(
        model=model, schema=schema, tables=tables, parts=collect_parts(model, schema, acme), week=week
    )


def test_the_settings_of_the_page_are_read(plan):
    assert plan.model.supply.late_days_maximum == 14
    assert plan.model.parts.constraints["storage"].mode == "hard"


def test_the_scenario_of_the_page_is_read(acme):
    setup = load_setup(acme, "strong_summer")
    assert setup.model.supply.late_days_maximum == 7
    assert [change.table for change in setup.changes] == ["activity", "price", "resource", "lane"]


def test_the_column_and_the_table_of_the_page_are_declared(plan):
    assert plan.schema["resource"].columns["contract_end_date"].optional
    assert plan.schema["contract_use"].key == ("resource", "period")


def test_the_stage_of_the_page_makes_its_table_in_the_supply_meeting(plan):
    stage = next(one for one in flow(plan.parts) if one.name == "contract_use")
    made = run_stage(stage, plan.tables, plan.model, plan.parts, plan.schema)
    assert stage.notebook == "40_supply_review"
    assert made["contract_use"]["required_hours"].to_list() == [12.0]


def test_the_check_of_the_page_warns(plan):
    only = {"contracts_cover_the_plan": plan.parts.plan_checks["contracts_cover_the_plan"]}
    found = check(plan.tables, plan.model, SimpleNamespace(plan_checks=only))["check"]
    assert found["status"].to_list() == ["warn"]
    assert "resource toll" in found["message"].iloc[0]


def test_the_figure_and_the_section_of_the_page_show_the_hours(plan):
    late = plan.tables["capacity_use"].head(1)
    tables = {**plan.tables, "contract_use": late}
    figure = plan.parts.kpis["hours_without_contract"](tables, plan.model)
    assert plan.schema["kpi"].shape(figure)["kpi_value"].to_list() == [12.0]
    section = plan.parts.report_sections["contract_hours"](tables, plan.model)
    assert section.message.startswith("12 hours")


def test_the_rule_of_the_page_limits_the_sum_of_a_bucket(plan):
    import cvxpy as cp

    keys = pd.DataFrame({"location": ["tallinn", "lahti", "tallinn"]})
    buckets = SimpleNamespace(count=2, days=np.array([7.0, 30.0]))
    data = SimpleNamespace(options={"make": SimpleNamespace(keys=keys)}, buckets=buckets)
    started = cp.Variable(6, nonneg=True)
    rules = list(plan.parts.constraints["toll_limit"](data, SimpleNamespace(decisions={"make": started})))
    cp.Problem(cp.Maximize(cp.sum(started)), [*rules, started[2:4] <= 1]).solve(solver=cp.HIGHS)
    value = started.value
    assert value[0] + value[4] == pytest.approx(28_000)
    assert value[1] + value[5] == pytest.approx(120_000)


def test_the_forecaster_of_the_page_repeats_the_year(plan):
    history = np.arange(24.0).reshape(2, 12)
    ahead = plan.parts.forecasters["year_before"](Panel(history, np.zeros(2, dtype=np.int64)), 4, 6)
    assert ahead[0] == pytest.approx(1.02 * np.array([8, 9, 10, 11, 8, 9]))


def test_the_replacement_of_the_page_puts_ours_in_the_place_of_the_built_in_one(acme, tmp_path):
    folder = tmp_path / "acme"
    shutil.copytree(acme, folder)
    (folder / "model.yaml").write_text("name: Acme\n" + blocks("README.md", "yaml")[3], encoding="utf-8")
    parts = collect_parts(load_setup(folder).model, schema_of(folder), folder)
    assert parts.forecasters["theta"].__name__ == "year_before"


def test_every_link_of_the_documents_leads_somewhere():
    pages = [
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "customers").glob("*/*.md")),
    ]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists() and not link.endswith("pack.png")
    ]
    assert broken == []
