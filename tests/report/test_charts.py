"""The chart forms: what they say at the mark, and that no name can break out of them."""

import re

import numpy as np
import pandas as pd
import pytest
from jsonschema import ValidationError

from sopwb.report import charts
from sopwb.report.clean import clean_html
from sopwb.report.svg import chart_svg, drawings_in

HOSTILE = "<script>alert(1)</script>\"'=cmd|' /C calc'!A0 ../../x url(#hatch)"
MONTHS = pd.date_range("2025-01-01", periods=12, freq="MS")


def _columns():
    value = np.linspace(1e6, 2e6, 12)
    main = pd.DataFrame({"period": MONTHS, "version": ["AC"] * 8 + ["FC"] * 4, "value": value})
    budget = pd.DataFrame({"period": MONTHS, "version": "BU", "value": 1.5e6})
    return pd.concat([main, budget], ignore_index=True)


def _structure():
    return pd.DataFrame({"label": ["Cola", HOSTILE], "value": [12.3e6, -2e6], "reference": [12e6, 1e6]})


def _forms():
    parts = pd.DataFrame(
        [(m, p, v) for m in MONTHS for p, v in (("cycle", 2e5), (HOSTILE, 1e5))],
        columns=["period", "part", "value"],
    )
    bridge = pd.DataFrame(
        {
            "step": [1, 2, 3],
            "label": ["Budget", HOSTILE, "Outlook"],
            "amount_value": [4e6, -6e5, 3.4e6],
            "is_total": [True, False, True],
        }
    )
    span = {"start_date": pd.Timestamp("2025-03-01"), "end_date": pd.Timestamp("2025-05-01")}
    sheet = _columns().assign(family=HOSTILE, measure="Sales")
    return {
        "columns_over_time": charts.columns_over_time(
            _columns(), unit="EUR", variance="BU", target=(1.8e6, HOSTILE)
        ),
        "lines_with_band": charts.lines_with_band(
            _columns().assign(lower=1e6, upper=2e6), unit="EUR", target=(1.8e6, HOSTILE)
        ),
        "bars_by_structure": charts.bars_by_structure(_structure(), unit="EUR"),
        "waterfall": charts.waterfall(bridge, unit="EUR"),
        "heat_map": charts.heat_map(
            pd.DataFrame({"row": ["line", HOSTILE], "period": MONTHS[:2], "rate": [1.2, np.nan]})
        ),
        "table_heat": charts.table_heat(
            pd.DataFrame({"row": [HOSTILE], "column": ["2025-01"], "value": [-3.0]}), sense="higher_better"
        ),
        "small_multiples": charts.small_multiples(_columns().assign(family=HOSTILE), unit="EUR"),
        "family_grid": charts.family_grid(sheet, units={"Sales": "EUR"}),
        "deviation_grid": charts.deviation_grid(
            _columns().assign(family=HOSTILE, measure="Sales", tolerance=1e5).head(8), measures=("Sales",)
        ),
        "stacked": charts.stacked(parts, unit="EUR", target=(2.5e5, "cap")),
        "calendar_bars": charts.calendar_bars(pd.DataFrame([{"label": HOSTILE, "text": HOSTILE, **span}])),
    }


@pytest.fixture(scope="module")
def forms():
    return _forms()


@pytest.fixture(scope="module")
def drawings(forms):
    return {name: chart_svg(chart, HOSTILE) for name, chart in forms.items()}


def test_altair_finds_every_form_valid(forms):
    for name, chart in forms.items():
        assert type(chart.to_altair()).__name__.endswith("Chart"), name


def test_altair_refuses_what_is_no_chart(forms):
    wrong = forms["heat_map"].properties(width="very wide")
    with pytest.raises(ValidationError, match="very wide"):
        wrong.to_dict(validate=True)


def test_a_drawing_that_stands_on_a_page_is_not_drawn_again(forms, monkeypatch):
    chart, message = forms["waterfall"], 'EBIT > 0 & "more"'
    page = clean_html(f"<figure>{chart_svg(chart, message)}</figure><svg><path d='M0'/></svg>")
    drawn = drawings_in([page])
    monkeypatch.setattr("sopwb.report.svg._drawing", lambda *_: "drawn again")
    assert chart_svg(chart, message, drawn).startswith("<svg")
    assert chart_svg(chart, "another message", drawn) == "drawn again"
    assert chart_svg(forms["stacked"], message, drawn) == "drawn again"


def test_every_form_is_drawn(drawings):
    for name, svg in drawings.items():
        assert svg.startswith("<svg"), name
        assert svg.count("<path") > 0 or svg.count("<text") > 0, name


def test_no_name_becomes_markup(drawings):
    for name, svg in drawings.items():
        assert "<script" not in svg.lower(), name
        assert not re.search(r"\son\w+=", svg), name
        assert "http" not in svg.replace("http://www.w3.org/", ""), name


def test_every_drawing_has_its_own_hatch_and_says_its_message(drawings):
    names = [re.search(r'pattern id="([^"]+)"', svg).group(1) for svg in drawings.values()]
    assert len(set(names)) == len(names)
    for name, svg in zip(names, drawings.values(), strict=True):
        assert 'role="img"' in svg
        assert "&lt;script&gt;" in svg[: svg.index("viewBox")]
        assert set(re.findall(r'fill="url\(#([^)]+)\)"', svg)) <= {name}


def test_the_same_chart_is_drawn_the_same_way_twice():
    one, other = (chart_svg(charts.columns_over_time(_columns(), unit="EUR"), "m") for _ in range(2))
    assert one == other


def _texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_columns_carry_their_numbers_and_their_variance():
    svg = chart_svg(charts.columns_over_time(_columns(), unit="EUR", variance="BU"), "m")
    texts = _texts(svg)
    assert {"M EUR", "Δ BU"} <= set(texts)
    assert "1.00" not in texts[:1]
    assert "−0.50" in texts
    assert "+0.50" in texts
    assert "AC" in svg
    assert "FC" in svg


def test_a_bridge_ends_where_its_steps_lead():
    steps = pd.DataFrame(
        {
            "step": [1, 2, 3, 4],
            "label": ["Budget", "Volume", "Price", "Outlook"],
            "amount_value": [4.0, -6.0, 1.0, -1.0],
            "is_total": [True, False, False, True],
        }
    )
    from sopwb.report.charts_of_structure import _steps

    rows = _steps(steps, "EUR", "higher_better")
    assert rows["level"].to_list() == [4.0, -2.0, -1.0, -1.0]
    assert rows["low"].to_list() == [0.0, -2.0, -2.0, -1.0]


def test_frames_are_left_as_they_were():
    data = _columns()
    before = data.copy(deep=True)
    charts.columns_over_time(data, unit="EUR", variance="BU")
    charts.lines_with_band(data, unit="EUR")
    pd.testing.assert_frame_equal(data, before)


def test_marks_say_what_they_are_worth():
    svg = chart_svg(charts.columns_over_time(_columns(), unit="EUR"), "m")
    assert 'data-tip="2025-01-01  AC  1.00' in svg


def test_charts_fit_the_sheet(drawings):
    for name, svg in drawings.items():
        width = float(re.search(r'width="([\d.]+)"', svg).group(1))
        assert width <= 900, name


def test_a_spark_needs_two_points():
    assert charts.spark([1.0]) == ""
    assert charts.spark([None, 2.0, float("nan")]) == ""
    assert "<script" not in charts.spark([1.0, 2.0, 1.5], HOSTILE)


def test_a_variance_has_the_unit_of_its_columns_even_when_the_reference_is_larger():
    small = pd.DataFrame({"period": MONTHS[:1], "version": "FC", "value": 7e5})
    large = small.assign(version="PY", value=2.1e6)
    svg = chart_svg(charts.columns_over_time(pd.concat([small, large]), unit="EUR", variance="PY"), "m")
    assert {"M EUR", "−1.4"} <= set(_texts(svg))
