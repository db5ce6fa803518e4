"""The demo customer's files, and its worlds made anew beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DEMO = Path(__file__).resolve().parents[2] / "customers" / "demo"
sys.path.insert(0, str(DEMO))


def _read(name: str, part: str = "data") -> pd.DataFrame:
    found = next((DEMO / part).glob(f"{name}.*"))
    table = (
        pd.read_parquet(found) if found.suffix == ".parquet" else pd.read_csv(found, dtype={"account": str})
    )
    dates = [
        c for c in table if c in ("date", "period", "entered_at") or c.endswith(("_date", "_from", "_to"))
    ]
    return table.assign(**{c: pd.to_datetime(table[c]) for c in dates})


@pytest.fixture(scope="session")
def demo() -> Path:
    """Folder of the demo customer."""
    return DEMO


@pytest.fixture(scope="session")
def read() -> Callable[..., pd.DataFrame]:
    """Reader of a committed table by its name, of the data or of the truth."""
    return _read


@pytest.fixture(scope="session")
def make() -> Callable[[int, str], Any]:
    """Maker of the world behind the tables, from a seed and a variant."""
    from generator.world import make_world

    return make_world


@pytest.fixture(scope="session")
def world(make: Callable[[int, str], Any]) -> Any:
    """The world as it is committed: seed 7, multiplicative effects."""
    return make(7, "multiplicative")


@pytest.fixture(scope="session")
def ledger() -> pd.DataFrame:
    """The committed ledger with what its accounts are."""
    return _read("ledger").merge(_read("account"), on="account", validate="many_to_one")


@pytest.fixture(scope="session")
def sales() -> pd.DataFrame:
    """The committed sales with their month and net quantity."""
    table = _read("sales_history")
    month = table["date"].dt.to_period("M").dt.to_timestamp()
    return table.assign(period=month, net_qty=table["sold_qty"] - table["returned_qty"])


@pytest.fixture(scope="session")
def standard(world: Any) -> pd.Series:
    """The standard cost of each product by the generator's own roll-up."""
    return world.cost.set_index("product")["standard_cost"]
