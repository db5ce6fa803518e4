"""Whole runs, made once per session and looked at by many tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.inputs import Request
from sopwb.cycle.run import publish_run
from sopwb.runs.publish import Published

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "customers" / "demo"
SLICE_PRODUCTS = 12


@pytest.fixture(scope="session")
def runs_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def demo_run(runs_root: Path) -> Published:
    return publish_run(Request(DEMO, runs=runs_root), runs_root)


@pytest.fixture(scope="session")
def adventureworks_run(runs_root: Path, shared_data: Path) -> Published:
    folder = ROOT / "customers" / "adventureworks"
    request = Request(folder, source=shared_data / "adventureworks", runs=runs_root)
    return publish_run(request, runs_root)


@pytest.fixture(scope="session")
def slice_customer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with twelve finished products and what they are made of."""
    folder = tmp_path_factory.mktemp("customers") / "slice"
    (folder / "data").mkdir(parents=True)
    for name in ("model.yaml", "scenarios.yaml"):
        (folder / name).write_text((DEMO / name).read_text(encoding="utf-8"), encoding="utf-8")
    frames = {path.stem: _read(path) for path in sorted((DEMO / "data").iterdir())}
    kept = _with_components(_first_products(frames["product"]), frames["bill_of_material"])
    for name, frame in frames.items():
        _only(frame, kept).to_parquet(folder / "data" / f"{name}.parquet", index=False)
    only_prices = "scenarios:\n  price_increase:\n    title: Prices up\n    tables:\n"
    only_prices += "      - {table: price, scale: {price_per_unit: 1.04}}\n"
    (folder / "scenarios.yaml").write_text(only_prices, encoding="utf-8")
    return folder


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _first_products(product: pd.DataFrame) -> list[str]:
    finished = product[product["product_type"] == "finished"]
    by_turn = finished.assign(turn=finished.groupby("family").cumcount()).sort_values(["turn", "product"])
    return list(by_turn["product"].head(SLICE_PRODUCTS))


def _with_components(products: Iterable[str], bill: pd.DataFrame) -> set[str]:
    kept = set(products)
    while True:
        below = set(bill.loc[bill["product"].isin(kept), "component"])
        if below <= kept:
            return kept
        kept |= below


def _only(frame: pd.DataFrame, kept: set[str]) -> pd.DataFrame:
    for name in ("product", "component", "successor"):
        if name in frame:
            frame = frame[frame[name].isin(kept | {"*", ""})]
    return frame
