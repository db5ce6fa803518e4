"""One meaning, one look."""

import io

import altair as alt
import numpy as np
import pytest
from PIL import Image

from sopwb.report import marks
from sopwb.report.svg import chart_svg
from sopwb.report.theme import (
    PALETTE,
    colour_rules,
    contrast,
    light,
    load_colour,
    load_text,
    variance_colour,
)

TEXTS = ("ink", "quiet", "good", "bad")


@pytest.mark.parametrize("paper", ["light", "dark"])
@pytest.mark.parametrize("name", TEXTS)
def test_text_can_be_read_on_its_paper(paper, name):
    assert contrast(getattr(PALETTE[name], paper), getattr(PALETTE["paper"], paper)) >= 4.5


@pytest.mark.parametrize("paper", ["light", "dark"])
@pytest.mark.parametrize("rate", [0.2, 0.6, 0.8, 0.95, 1.05, 1.3])
def test_the_number_in_a_cell_can_be_read(paper, rate):
    by_value = {colour.light: colour for colour in PALETTE.values()}
    fill, ink = by_value[load_colour(rate)], by_value[load_text(rate)]
    assert contrast(getattr(ink, paper), getattr(fill, paper)) >= 4.5


def test_every_colour_has_one_meaning():
    assert len({colour.light for colour in PALETTE.values()}) == len(PALETTE)


def test_more_cost_is_bad_and_more_revenue_is_good():
    assert variance_colour(1.0) == light("good") == variance_colour(-1.0, "lower_better")
    assert variance_colour(-1.0) == light("bad") == variance_colour(1.0, "lower_better")
    assert variance_colour(1.0, "neutral") == variance_colour(0.0) == variance_colour(np.nan)


def test_dark_follows_the_reader_and_print_is_light():
    rules = colour_rules()
    assert "@media screen and (prefers-color-scheme:dark)" in rules
    assert "@media print" not in rules


def _pixels(code):
    """Grey values inside a column of a scenario code, away from its edge."""
    import vl_convert

    bar = alt.Chart(alt.InlineData(values=[{"x": "a", "y": 1}])).mark_bar(width=60, **marks.look(code))
    chart = bar.encode(x=alt.X("x:N", axis=None), y=alt.Y("y:Q", axis=None)).properties(width=80, height=120)
    png = vl_convert.svg_to_png(chart_svg(chart, code), scale=2)
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, image).convert("L"), dtype=float)
    middle_row, middle_column = (size // 2 for size in grey.shape)
    return grey[middle_row - 60 : middle_row + 60, middle_column - 40 : middle_column + 40]


def test_actual_previous_plan_and_forecast_are_told_apart_by_their_pixels():
    actual, previous, plan, forecast = (_pixels(code) for code in ("AC", "PY", "BU", "FC"))
    assert actual.max() < 80
    assert 150 < previous.min() <= previous.max() < 200
    assert plan.min() > 250
    dark = (forecast < 128).mean()
    assert 0.2 < dark < 0.8
    assert forecast.max() > 230


def test_an_unknown_version_looks_like_a_forecast():
    assert marks.look("strong summer") == marks.look("FC")
