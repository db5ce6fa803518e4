"""What codes of the supply plan are called when people talk about them."""

from __future__ import annotations

import re

import pandas as pd

from sopwb.extend import Tables
from sopwb.measure.wording import named
from sopwb.report.numbers import iso_date, iso_month

__all__ = ["bucket_name", "code_name", "family_of", "limit_name", "product_name", "resource_names"]

PARTS = re.compile(r"(: | at | to )")
"""What stands between the codes of a limit: ``supplier: product at location``, ``location to location``."""
NAMED = ("resource", "supplier", "location", "product")


def resource_names(tables: Tables) -> pd.Series[str]:
    """Descriptions of resources by code, the code itself where there is none."""
    resource = tables["resource"]
    return resource.set_index("resource")["description"].fillna(
        resource.set_index("resource").index.to_series()
    )


def product_name(tables: Tables, code: str) -> str:
    """Description of a product, else the code in words."""
    return named(code, tables["product"], "product")


def code_name(tables: Tables, code: str) -> str:
    """Description of the resource, supplier, location or product that has a code, else the code in words."""
    for table in NAMED:
        rows = tables[table]
        if (rows[table] == code).any():
            return named(code, rows, table)
    return named(code, tables["product"], "product")


def limit_name(tables: Tables, subject: str) -> str:
    """The subject of a limit with each code in it named: "Aromaria: Concentrate cola at Lahti plant"."""
    parts = PARTS.split(subject)
    return "".join(part if PARTS.fullmatch(part) else code_name(tables, part) for part in parts)


def bucket_name(tables: Tables, start: pd.Timestamp) -> str:
    """A bucket of the plan in words: its month, or the week that begins on a day."""
    period = tables["period"]
    is_week = (period.loc[period["period"] == start, "bucket"] == "week").any()
    return f"in the week of {iso_date(start)}" if is_week else f"in {iso_month(start)}"


def family_of(tables: Tables) -> pd.Series[str]:
    """Family of each product."""
    family: pd.Series[str] = tables["product"].set_index("product")["family"]
    return family
