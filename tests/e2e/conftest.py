"""Whole runs, made once per session and looked at by many tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


LookAt = Callable[[Published], dict[str, list[str]]]


@pytest.fixture(scope="session")
def faults_offline(chromium: str) -> LookAt:
    """What is wrong with the pages of a run, opened from disk in a browser without a network; {} is good."""

    def look_at(run: Published) -> dict[str, list[str]]:
        above = [run.folder / "index.html", run.folder / "pack.html", run.folder.parents[1] / "index.html"]
        return _looked_at([*above, *sorted(run.folder.glob("html/*.html"))], chromium)

    return look_at


def _looked_at(page_files: list[Path], chromium: str) -> dict[str, list[str]]:
    from playwright.sync_api import sync_playwright

    faults: dict[str, list[str]] = {}
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=options)
        context = browser.new_context(offline=True)
        for path in page_files:
            page = context.new_page()
            found: list[str] = []
            page.on("request", lambda asked, found=found: _note(asked.url, found))
            page.on(
                "console", lambda said, found=found: found.append(said.text) if said.type == "error" else None
            )
            page.on("pageerror", lambda error, found=found: found.append(str(error)))
            page.goto(path.as_uri(), wait_until="load")
            empty = page.evaluate(
                "() => [...document.querySelectorAll('figure.chart')]"
                ".filter(f => !(f.querySelector('svg')?.getBoundingClientRect().height >= 20))"
                ".length"
            )
            wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            found += [f"{empty} charts are not drawn"] if empty else []
            found += [f"the page is {wide} px too wide"] if wide > 0 else []
            faults[path.name] = found
            page.close()
        browser.close()
    return {name: found for name, found in faults.items() if found}


def _note(address: str, found: list[str]) -> None:
    if not address.startswith(("file:", "data:")):
        found.append(f"asks for {address}")


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
