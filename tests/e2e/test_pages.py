"""Every page, opened from disk in a browser without a network: all is drawn, nothing is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sopwb.runs.publish import Published

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.browser]

LARGEST_PAGE = 1_500_000


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


def _pages(run: Published) -> list[Path]:
    return [run.folder / "index.html", run.folder / "pack.html", *sorted(run.folder.glob("html/*.html"))]


def test_every_page_of_the_demo_opens_offline(demo_run: Published, chromium: str) -> None:
    pages = [*_pages(demo_run), demo_run.folder.parents[1] / "index.html"]
    assert _looked_at(pages, str(chromium)) == {}
    assert [path.name for path in pages if path.stat().st_size > LARGEST_PAGE] == []


def test_every_page_of_adventureworks_opens_offline(adventureworks_run: Published, chromium: str) -> None:
    assert _looked_at(_pages(adventureworks_run), str(chromium)) == {}
