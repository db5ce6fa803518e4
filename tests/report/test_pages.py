"""Pages, pack and index: cleaned, self-contained, drawn without a network, fit to print."""

import functools
import re
from dataclasses import replace
from html.parser import HTMLParser

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat import v4

from sopwb.extend import mark_of, report_section
from sopwb.report import charts, shell
from sopwb.report.clean import clean_html
from sopwb.report.context import CheckLine, Link, ReportContext, RunSummary
from sopwb.report.index import render_run_index, render_runs_index
from sopwb.report.pack import PackPage, PackSheet, _short_table, pack_sheets, render_pack, show_section
from sopwb.report.page import page_title, render_page
from sopwb.report.section import Card, Section
from sopwb.report.table import Table
from sopwb.report.template import template_folder

HOSTILE = "<script>alert(1)</script><img src=http://example.invalid/x.png onerror=alert(2)>"
CHARTS = 20


def _context(**changed):
    facts = {
        "company": f"Kuura {HOSTILE}",
        "customer": "demo",
        "scenario": "baseline",
        "run_id": "20261122T215410Z-baseline-3f9a1c",
        "as_of": "2025-08-31",
        "versions": {"sopwb": "0.1.0", HOSTILE: HOSTILE},
        "digests": {"inputs": "ab" * 16},
        "solver": (HOSTILE,),
        "checks": (CheckLine("stock_balances", "pass", HOSTILE),),
        "pages": (Link("Demand review", "20_demand_review.html"), Link(HOSTILE, "x.html")),
    }
    return ReportContext(**{**facts, **changed})


@functools.cache
def _section(place=0):
    months = pd.date_range("2024-01-01", periods=36, freq="MS")
    value = 1e6 + 1e5 * np.sin(np.arange(36) + place)
    data = pd.DataFrame({"period": months, "version": ["AC"] * 20 + ["FC"] * 16, "value": value})
    heat = pd.DataFrame(
        [(f"line {r}", m, 0.7 + 0.02 * r) for r in range(8) for m in months],
        columns=["row", "period", "rate"],
    )
    chart = charts.heat_map(heat) if place % 4 == 0 else charts.columns_over_time(data, unit="EUR", width=640)
    table = pd.DataFrame({"name": [HOSTILE], "revenue_value": [1.0]})
    return Section(
        f"Message {place} {HOSTILE}", "title", chart=chart, table=table, source=("demand_plan", HOSTILE)
    )


@functools.cache
def _bundle(place):
    return _section(place)._repr_mimebundle_()


def _notebook(count):
    book = v4.new_notebook()
    book.cells.append(
        v4.new_markdown_cell(f"# Demand review\n\nText with {HOSTILE} and [a link](javascript:alert(3)).")
    )
    book.cells.append(v4.new_code_cell('customer: str = "demo"'))
    for place in range(count):
        shown = v4.new_output("execute_result", data=_bundle(place % 4), execution_count=1)
        book.cells.append(v4.new_markdown_cell(f"## Question {place}?\n\nWhat to decide."))
        book.cells.append(v4.new_code_cell(f"step.show({place})", outputs=[shown]))
    raw = v4.new_output("display_data", data={"text/html": f"{HOSTILE}<b onclick=alert(4)>kept</b>"})
    said = v4.new_output("stream", name="stdout", text=HOSTILE)
    script = v4.new_output("display_data", data={"application/javascript": "alert(5)"})
    book.cells.append(v4.new_code_cell("other()", outputs=[raw, said, script]))
    return book


@pytest.fixture(scope="module")
def page():
    return render_page(_notebook(CHARTS), _context())


class _Tags(HTMLParser):
    """Every tag of a page with its attributes, as a browser reads them."""

    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def _body(html):
    return html[html.index("<body") : html.index("<script>")]


def test_nothing_of_a_page_runs_or_loads_but_its_own_script(page):
    tags = _Tags(page).seen
    assert [tag for tag, _ in tags].count("script") == 1
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    ways = [v for _, attributes in tags for name, v in attributes.items() if name in {"src", "href"}]
    assert not [way for way in ways if re.match(r"https?:|//|javascript:", way)]
    policies = [attributes["content"] for tag, attributes in tags if attributes.get("http-equiv")]
    assert policies == [shell.policy()]


def test_hostile_names_are_still_read(page):
    assert "&lt;script&gt;alert(1)" in _body(page)
    assert ">kept</b>" in page


def test_twenty_charts_fit_into_one_and_a_half_megabytes(page):
    assert page.count("data-drawing=") == CHARTS
    assert len(page.encode()) <= 1.5e6


def test_contents_lead_to_the_questions(page):
    assert '<a href="#question-3">Question 3?</a>' in page
    assert 'id="question-3"' in page
    assert page_title(_notebook(0)) == "Demand review"


def test_sources_lead_to_their_tables(page):
    assert 'href="../tables/demand_plan.parquet"' in page
    plain = render_page(_notebook(1), _context(table_href=""))
    assert 'class="source-table" data-source="demand_plan"' in plain
    assert ".parquet" not in plain


def test_the_foot_carries_the_evidence(page):
    foot = page[page.index('<footer class="evidence">') :]
    assert "20261122T215410Z-baseline-3f9a1c" in foot
    assert "abababababababab" in foot


def test_the_notebook_is_left_as_it_was():
    book = _notebook(1)
    before = nbformat.writes(book)
    render_page(book, _context())
    assert nbformat.writes(book) == before


def test_the_policy_admits_exactly_our_style_and_script():
    policy = shell.policy()
    assert policy.count("sha256-") == 2
    assert "unsafe" not in policy
    assert "</" not in shell.script()
    assert "</" not in shell.style()


def test_drawings_pass_the_cleaning_unchanged():
    html = _bundle(1)["text/html"].split("</style>")[1]
    assert re.findall(r"<\w+", clean_html(html)) == re.findall(r"<\w+", html)


def test_cleaning_takes_what_runs_loads_or_posts():
    dirty = (
        '<svg onload="x()"><script>1</script><path fill="url(http://x/)" d="M0 0"/><use href="#a"/>'
        "<foreignObject><iframe src=x></iframe></foreignObject></svg><img src=http://x/y.png>"
        '<a href="javascript:x()" style="background:url(x)">text</a><form action=x><input></form>'
    )
    clean = clean_html(dirty)
    assert not re.search(r"script|onload|http|iframe|style|form|input|use|foreign", clean)
    assert ">text</a>" in clean


def test_templates_are_found():
    assert (template_folder() / "index.html.j2").is_file()


@report_section("kept", notebook="n")
def _kept(tables, model):
    return Section(f"{len(tables['present'])} rows", "t")


@report_section("lost", notebook="n")
def _lost(tables, model):
    return Section(f"{len(tables['absent'])} rows", "t")


@report_section("joined", notebook="n", pack="one")
def _joined(tables, model):
    return Section("joined", "t")


def test_the_pack_takes_what_exists_and_says_what_is_missing():
    sections = {mark_of(f).name: f for f in (_kept, _lost, _joined)}
    pages = (
        PackPage("one", "One", (("kept", "unknown"), ("lost",))),
        PackPage("two", "Two", (("unknown",),)),
    )
    sheets = pack_sheets(sections, {"present": pd.DataFrame()}, None, pages)
    assert [sheet.title for sheet in sheets] == ["One"]
    messages = [section.message for row in sheets[0].rows for section in row]
    assert messages == ["0 rows", "Lost cannot be shown: this run has no table absent", "joined"]


def test_sentences_without_a_picture_do_not_cost_a_sheet():
    sections = {mark_of(f).name: f for f in (_kept, _lost)}
    tables = {"present": pd.DataFrame()}
    picture = {"shown": lambda *_: Section("shown", "t", table=pd.DataFrame({"a": [1]}))}
    pages = (PackPage("one", "One", (("shown",),)), PackPage("two", "Two", (("kept",), ("lost",))))
    sheets = pack_sheets({**picture, **sections}, tables, None, pages)
    assert [sheet.title for sheet in sheets] == ["One"]
    assert [len(row) for row in sheets[0].rows] == [1, 2]


def test_a_fault_inside_a_section_is_not_hidden():
    def broken(tables, model):
        return {}["other"]

    with pytest.raises(KeyError, match="other"):
        show_section(broken, {}, None)


def test_the_indexes_say_what_runs_there_are():
    ways = [Link("Executive pack", "pack.html", HOSTILE), Link("Manifest", "manifest.json")]
    books = [Link(HOSTILE, "export/plan.xlsx")]
    index = render_run_index(_context(), ways, f"Headline {HOSTILE}", (Card("EBIT", 4.21e6),), books)
    assert 'href="pack.html"' in index
    assert '4.21\u202f<span class="unit">M€</span>' in index
    runs = [
        RunSummary(_context(), "demo/a/index.html", {"EBIT": "4.21 M€"}),
        RunSummary(
            _context(run_id="20260101T000000Z-baseline-000000", status="failed_checks"), "demo/b/index.html"
        ),
    ]
    listing = render_runs_index(runs)
    assert listing.index("20261122") < listing.index("20260101")
    assert "failed checks" in listing
    assert "There is no run yet" in render_runs_index([])
    for html in (index, listing):
        assert html.count("<script") == 1


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _opened(browser, path, **settings):
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900}, **settings)
    tab = context.new_page()
    requests, said = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append("dialog"))
    tab.goto(path.as_uri())
    return tab, requests, said


@pytest.mark.browser
def test_a_page_draws_all_its_charts_without_a_network(browser, page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    tab, requests, said = _opened(browser, path)
    drawn = tab.eval_on_selector_all(
        "svg.marks",
        "all => all.filter(one => one.getBBox().width > 100 && one.querySelectorAll('path').length).length",
    )
    assert drawn == CHARTS
    assert requests == [path.as_uri()]
    assert said == []
    assert (
        tab.evaluate("getComputedStyle(document.querySelector('.sopwb-section .message')).fontWeight")
        == "700"
    )


@pytest.mark.browser
def test_switches_and_tips_work_under_the_policy(browser, page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    tab, _, said = _opened(browser, path, color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    column = "getComputedStyle(document.querySelector('svg.marks [fill=\"#3d3d3d\"]')).fill"
    assert tab.evaluate(paper) == "rgb(21, 24, 28)"
    assert tab.evaluate(column) == "rgb(208, 208, 208)"
    tab.click("#switch-theme")
    assert tab.evaluate(paper) == "rgb(255, 255, 255)"
    assert not tab.is_visible("pre.code")
    tab.click("#switch-code")
    assert tab.locator("pre.code").first.is_visible()
    tab.locator("svg.marks [data-tip]").first.hover()
    assert tab.is_visible("#tip")
    assert "line 0" in tab.inner_text("#tip")
    assert said == []


@pytest.mark.browser
def test_each_sheet_of_the_pack_is_one_page_of_print(browser, tmp_path):
    from tests.report import plan

    sections = {name: functools.partial(lambda name, *_: plan.shown(name), name) for name in plan.sections()}
    sheets = pack_sheets(sections, plan.tables(), plan.model())
    full = Section("Much", "t", table=pd.DataFrame({"name": [f"row {i}" for i in range(8)]}))
    sheets.append(PackSheet("More than a page holds", ((full,), (full, full), (full,))))
    path = tmp_path / "pack.html"
    path.write_text(render_pack(sheets, _context(company="Kuura Drinks")), encoding="utf-8")
    tab, requests, said = _opened(browser, path)
    assert said == []
    assert requests == [path.as_uri()]
    pdf = tab.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == len(sheets)


def test_on_a_sheet_of_three_rows_a_picture_stands_without_its_table():
    section = Section("m", "t", chart={"mark": "bar"}, table=pd.DataFrame({"a": range(20)}))
    assert _short_table(section, 1, 2).table.max_rows < 20
    assert _short_table(section, 1, 3).table is None
    assert _short_table(replace(section, chart=None), 1, 3).table is not None


def test_a_statement_with_sums_keeps_all_its_lines():
    frame = pd.DataFrame({"line": [f"line {i}" for i in range(16)], "value": 1.0})
    statement = Section("m", "t", table=Table(frame, sums=(-1,)))
    assert _short_table(statement, 2, 3).table.max_rows == statement.table.max_rows


def test_beside_a_neighbour_the_first_picture_stands_alone():
    section = Section("m", "t", chart=({"mark": "bar"}, {"mark": "line"}))
    assert _short_table(section, 2, 2).chart == ({"mark": "bar"},)
    assert len(_short_table(section, 1, 2).chart) == 2


def test_what_need_not_say_that_it_is_empty_is_left_out_of_its_row():
    def full(tables, model):
        return Section("full", "t", table=pd.DataFrame({"a": [1]}))

    def empty(tables, model):
        return Section("nothing is late", "t")

    page = PackPage("one", "One", (("full", "empty"), ("empty",)), if_any=("empty",))
    (sheet,) = pack_sheets({"full": full, "empty": empty}, {}, None, (page,))
    assert [[part.message for part in row] for row in sheet.rows] == [["full"]]
    (told,) = pack_sheets({"full": full, "empty": empty}, {}, None, (replace(page, if_any=()),))
    assert [len(row) for row in told.rows] == [2, 1]
