"""Messages about classes of products."""

import pandas as pd
import pytest

from sopwb.report.section import section_html
from sopwb.report.sections.inventory import classes_of_products
from tests.report import plan


def rows(*products):
    columns = ["product", "abc_class", "xyz_class", "planned_value", "actual_qty", "absolute_error_qty"]
    frame = pd.DataFrame(products, columns=columns)
    return frame.assign(family="all", stock_value=100.0, service_level=0.9, error_rate=0.1)


def shown(frame):
    tables = plan.empty_tables() | {"product_class": frame}
    return classes_of_products(tables, plan.model())


def test_each_pair_of_classes_tells_products_sales_error_stock_and_service():
    section = shown(
        rows(
            ("cola", "A", "X", 700.0, 100.0, 5.0),
            ("water", "A", "X", 100.0, 100.0, 15.0),
            ("tea", "C", "Z", 200.0, 10.0, 9.0),
            ("new", "C", "Z", 0.0, 0.0, 0.0),
        )
    )
    table = section.table.frame.set_index("pair")
    assert table["products"].to_dict() == {"AX": 2, "CZ": 2}
    assert table["wmape_rate"].to_dict() == pytest.approx({"AX": 0.1, "CZ": 0.9})
    assert table["stock_value"].to_dict() == {"AX": 200.0, "CZ": 200.0}
    assert section.message.startswith("2 products of 4 are hard to forecast or were never judged: 20\u202f%")
    html = section_html(section)
    assert "nan" not in html
    assert "hard to forecast" in html


def test_where_nothing_is_hard_or_nothing_is_there_it_says_so():
    assert shown(rows(("cola", "A", "X", 700.0, 100.0, 5.0))).message == "No product of 1 is hard to forecast"
    empty = shown(plan.empty_tables()["product_class"])
    assert empty.message == "No finished product has a class"
