"""AdventureWorks, a real company: the published figures, in the run and on its pages."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from sopwb.runs.publish import Published
from sopwb.runs.store import read_table
from sopwb.schema import load_schema
from tests.e2e.conftest import LookAt

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _table(run: Published, name: str, folder: str = "tables") -> pd.DataFrame:
    return read_table(run.folder / folder / f"{name}.parquet", load_schema()[name])


def _pages(run: Published) -> str:
    text = " ".join(
        path.read_text(encoding="utf-8")
        for path in [*run.folder.glob("html/*.html"), run.folder / "pack.html"]
    )
    return re.sub(r"[\u2009\u202f\u00a0\s]+", " ", re.sub(r"<[^>]+>", " ", text))


def test_no_check_fails(adventureworks_run: Published) -> None:
    checks = _table(adventureworks_run, "check")
    assert list(checks.loc[checks["status"] == "fail", "check"]) == []


def test_the_pack_shows_last_years_revenue(adventureworks_run: Published) -> None:
    sales = _table(adventureworks_run, "sales_history", "inputs")
    year = sales[(sales["date"] >= "2013-05-01") & (sales["date"] <= "2014-04-30")]
    assert round(year["net_sales_value"].sum(), 2) == 51_387_676.90
    assert "51 387 676.90" in _pages(adventureworks_run)


def test_the_pack_shows_the_booked_load(adventureworks_run: Published) -> None:
    pages = _pages(adventureworks_run)
    assert re.search(r"[Ff]inal [Aa]ssembly.{0,40}101(\.\d)? ?%", pages)
    assert re.search(r"[Ss]ubassembly.{0,60}104 ?%", pages)


def test_reseller_quotas_are_missed_every_quarter(adventureworks_run: Published) -> None:
    gap = _table(adventureworks_run, "target_gap")
    past = gap[(gap["scope"] == "channel=reseller") & (gap["end_date"] <= "2014-04-30")]
    assert len(past) == 12
    assert past["attainment_rate"].between(0.795, 0.895).all()


def test_the_ledger_differs_openly(adventureworks_run: Published) -> None:
    tie = _table(adventureworks_run, "reconciliation")
    ratio = tie.loc[tie["measure"] == "revenue", "ratio_rate"].dropna()
    assert len(ratio) == 36
    assert ratio.min() == pytest.approx(0.68, abs=0.006)
    assert ratio.max() == pytest.approx(1.26, abs=0.006)


def test_defaults_are_labelled(adventureworks_run: Published) -> None:
    assumption = _table(adventureworks_run, "assumption", "inputs")
    defaults = assumption[assumption["is_default"]]
    assert len(defaults) >= 10
    pages = _pages(adventureworks_run)
    assert defaults["subject"].iloc[0] in pages


@pytest.mark.browser
def test_every_page_opens_offline(adventureworks_run: Published, faults_offline: LookAt) -> None:
    assert faults_offline(adventureworks_run) == {}
