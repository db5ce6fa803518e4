"""Sections and their tables: what they show, and that names stay text."""

import pandas as pd

from sopwb.report.scale import table_scale
from sopwb.report.section import Card, Section, section_html, section_text
from sopwb.report.table import Table, html_table, without_empty

HOSTILE = "<script>alert(1)</script>"


def _frame():
    return pd.DataFrame(
        {
            "family": ["Cola", HOSTILE, "=cmd|' /C calc'!A0", "../../etc/passwd", "Total"],
            "revenue_value": [12_300_000.0, 8.1e6, 5.5e6, 2.2e6, 28.1e6],
            "gap_value": [3e5, -9e5, 5e5, -4e5, -5e5],
            "service_rate": [0.99, 0.94, None, 0.91, 0.96],
            "due_date": pd.to_datetime(["2025-07-01", None, None, None, None]),
            "is_tail": [True, False, False, False, False],
        }
    )


def test_names_stay_text_wherever_they_stand():
    section = Section(
        HOSTILE,
        HOSTILE,
        table=_frame(),
        note=HOSTILE,
        source=(HOSTILE, '"' + HOSTILE),
        cards=(Card(HOSTILE, 1.0),),
    )
    html = section_html(section)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 7


def test_headings_and_units_come_from_the_names_of_columns():
    html = html_table(Table(_frame(), currency="SEK"))
    assert ">revenue (SEK)<" in html
    assert ">service<" in html
    assert "12\u202f300\u202f000" in html
    assert "99.0\u202f%" in html
    assert '<td class="day">2025-07-01</td>' in html
    assert ">yes<" in html


def test_variances_are_signed_and_coloured_by_their_sense():
    good = html_table(Table(_frame(), variances={"gap_value": "higher_better"}))
    bad = html_table(Table(_frame(), variances={"gap_value": "lower_better"}))
    assert '<td class="number good">+300\u202f000</td>' in good
    assert '<td class="number bad">+300\u202f000</td>' in bad


def test_a_row_may_have_a_sense_and_a_unit_of_its_own():
    frame = pd.DataFrame(
        {
            "kpi": ["ebit", "stock"],
            "delta": [5e5, 5e5],
            "sense": ["higher_better", "lower_better"],
            "unit": "currency",
        }
    )
    html = html_table(Table(frame, variances={"delta": "sense"}, hidden=("sense", "unit"), row_unit="unit"))
    assert "number good" in html
    assert "number bad" in html
    assert "+500\u202fk€" in html
    assert "lower_better" not in html


def test_long_tables_end_with_what_is_left_out_but_keep_their_sums():
    frame = pd.DataFrame({"name": [f"p{i}" for i in range(30)] + ["Total"], "qty": range(31)})
    html = html_table(Table(frame, sums=(-1,), max_rows=10))
    assert "and 20 more, in the workbook" in html
    assert '<tr class="sum"><td>Total</td>' in html


def test_a_price_below_a_cent_keeps_digits_that_say_something():
    prices = Table(pd.DataFrame({"price_per_unit": [3.5, 0.0042, 0.0, 1e-12]}))
    shown = [prices.cell("price_per_unit", row) for row in prices.frame.to_dict("records")]
    assert shown == ["3.50", "0.0042", "0.00", "0.000000"]


def test_an_empty_table_is_no_fault():
    assert "<tbody></tbody>" in html_table(_frame().iloc[:0])


def test_cards_say_value_plan_and_last_cycle():
    card = Card(
        "Stock", 8.3e6, to_plan=6e5, to_last=-1e5, sense="lower_better", plan_name="cap", course=(1.0, 2.0)
    )
    html = section_html(Section("m", "t", cards=(card,)))
    assert '8.30\u202f<span class="unit">M€</span>' in html
    assert '<span class="bad">+600\u202fk€</span>' in html
    assert '<span class="good">−100\u202fk€</span>' in html
    assert "<polyline" in html
    unknown = section_html(Section("m", "t", cards=(Card("Cash", None, to_plan=float("nan")),)))
    assert "–" in unknown
    assert "nan" not in unknown


def test_the_source_can_be_followed():
    html = section_html(Section("m", "t", source=("demand_plan", "2026")))
    assert 'data-source="demand_plan"' in html
    assert 'data-filter="2026"' in html


def test_plain_text_says_the_same():
    text = section_text(Section("The message", "Title", table=_frame()[["family", "revenue_value"]]))
    assert text.startswith("The message\nTitle")
    assert "12\u202f300\u202f000" in text


def test_a_notebook_shows_html_and_text():
    bundle = Section("The message", "Title")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "<style>" in bundle["text/html"]


def test_what_rounds_to_nothing_is_neither_good_nor_bad():
    frame = pd.DataFrame({"delta": [0.02, -30.0, 0.0001], "unit": ["currency", "currency", "rate"]})
    html = html_table(Table(frame, variances={"delta": "higher_better"}, hidden=("unit",), row_unit="unit"))
    assert html.count("good") == 0
    assert html.count("bad") == 1
    card = section_html(Section("m", "t", cards=(Card("EBIT", 1e6, to_plan=0.003),)))
    assert '<span class="">0\u202f€</span>' in card


def test_a_statement_is_written_in_one_unit():
    frame = pd.DataFrame({"line": ["Revenue", "Scrap"], "plan": [98_480_000.0, 36_700.0]})
    scale = table_scale(frame["plan"], "EUR")
    html = html_table(Table(frame, units={"plan": "short:EUR"}, scale=scale))
    assert scale.title == "M EUR"
    assert ">98.48<" in html
    assert ">0.04<" in html


def test_columns_that_hold_nothing_are_left_out():
    frame = pd.DataFrame({"name": ["a", "b"], "lost": [0.0, None], "late": [0.0, 2.0]})
    assert list(without_empty(frame, ["lost", "late"])) == ["name", "late"]
