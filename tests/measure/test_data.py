"""What was read, and how operations tie to the ledger."""

from __future__ import annotations

import pandas as pd

from sopwb.extend import Parts
from sopwb.measure.checks import (
    demand_has_a_price,
    operations_tie_to_ledger,
    pallets_are_known,
    posted_accounts_are_mapped,
    products_have_a_cost,
)
from sopwb.measure.data import data_profile, reconciliation
from sopwb.measure.stage import data_review

ACCOUNTS = pd.DataFrame(
    {
        "account": ["3000", "3900", "4000", "1200"],
        "description": ["sales", "discounts", "cost", "stock"],
        "account_type": ["revenue", "expense", "cost_of_sales", "asset"],
        "operator": [1, -1, 1, 1],
        "plan_line": ["revenue", "revenue", "cost_of_sales", "stock"],
    }
)
SALES = pd.DataFrame(
    {
        "product": ["A", "A"],
        "market": ["m", "m"],
        "date": pd.to_datetime(["2025-11-10", "2025-12-10"]),
        "sold_qty": [10.0, 12.0],
        "returned_qty": [0.0, 2.0],
        "net_sales_value": [100.0, 110.0],
    }
)
STOCK = pd.DataFrame(
    {
        "snapshot_date": pd.to_datetime(["2025-12-31"]),
        "product": ["A"],
        "location": ["L"],
        "on_hand_qty": [5.0],
    }
)
STANDARD = pd.DataFrame(
    {
        "product": ["A", "A"],
        "valid_from": pd.to_datetime(["2025-01-01", "2025-12-01"]),
        "cost_per_unit": [6.0, 7.0],
    }
)
COST = pd.DataFrame({"product": ["A"], "standard_cost_per_unit": [9.0]})


def ledger(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["version", "period", "account", "amount_value"])
    return frame.assign(period=pd.to_datetime(frame["period"]))


BOOKS = ledger(
    ("actual", "2025-11-01", "3000", 125.0),
    ("actual", "2025-11-01", "3900", 5.0),
    ("budget", "2025-11-01", "3000", 999.0),
    ("actual", "2025-11-01", "4000", 60.0),
    ("actual", "2025-11-01", "1200", 11.0),
    ("actual", "2025-12-01", "1200", 35.0),
)


def test_sales_are_held_against_sales_accounts_and_cost_against_the_standard_of_the_day():
    tie = reconciliation(SALES, STOCK, BOOKS, ACCOUNTS, STANDARD, COST).set_index(["measure", "period"])
    november, december = pd.Timestamp("2025-11-01"), pd.Timestamp("2025-12-01")
    sales = tie.loc[("revenue", november)]
    assert sales["ledger_value"] == 125.0
    assert sales["difference_value"] == 25.0
    assert sales["ratio_rate"] == 1.25
    assert pd.isna(tie.loc[("revenue", december), "ratio_rate"])
    assert tie.loc[("cost_of_sales", november), "operations_value"] == 60.0
    assert tie.loc[("cost_of_sales", december), "operations_value"] == 70.0
    assert tie.loc[("stock_value", december), "operations_value"] == 35.0
    assert ("stock_value", november) not in tie.index


def test_without_a_standard_of_its_day_the_cost_of_the_plan_counts():
    none = STANDARD.iloc[:0]
    tie = reconciliation(SALES, STOCK, BOOKS, ACCOUNTS, none, COST).set_index(["measure", "period"])
    assert tie.loc[("cost_of_sales", pd.Timestamp("2025-11-01")), "operations_value"] == 90.0


def test_the_profile_counts_rows_and_leaves_open_ends_out():
    stock = STOCK.assign(expiry_date=pd.Timestamp("2199-12-31"))
    tables = {"stock_on_hand": stock, "product": STOCK.iloc[:0], "kpi": COST}
    kinds = {"stock_on_hand": "fact", "product": "master"}
    profile = data_profile(tables, kinds, {"stock_on_hand": "data/stock.csv"})
    assert profile[["table", "row_count", "source"]].to_numpy().tolist() == [
        ["stock_on_hand", 1, "data/stock.csv"]
    ]
    assert profile["last_date"].iloc[0] == pd.Timestamp("2025-12-31")


def test_the_review_reads_the_example(company, model):
    made = data_review(company, model(), Parts())
    assert set(made["data_profile"]["table"]) >= {"sales_history", "ledger", "product"}
    assert "profit_and_loss" not in set(made["data_profile"]["table"])
    tie = made["reconciliation"].set_index(["measure", "period"])
    december = tie.loc[("revenue", pd.Timestamp("2025-12-01"))]
    assert december["difference_value"] == 0


def test_data_checks_warn_and_name_what_they_found(model):
    tie = reconciliation(SALES, STOCK, BOOKS, ACCOUNTS, STANDARD, COST)
    off = operations_tie_to_ledger({"reconciliation": tie}, model())
    assert set(off["severity"]) == {"warn"}
    assert "revenue: ledger 125\u202f% to 125\u202f% of operations, 1 month" in off["message"].iloc[0]
    open_ = ACCOUNTS.assign(plan_line=[None, None, "cost_of_sales", None])
    lost = posted_accounts_are_mapped({"account": open_, "ledger": BOOKS}, model())
    assert lost["account"].to_list() == ["3000", "3900"]
    assert posted_accounts_are_mapped({"account": ACCOUNTS, "ledger": BOOKS}, model()).empty
    free = products_have_a_cost({"product_cost": COST.assign(standard_cost_per_unit=0.0)}, model())
    assert free["product"].to_list() == ["A"]
    assert operations_tie_to_ledger({"reconciliation": tie[tie["measure"] == "stock_value"]}, model()).empty


def test_an_empty_ledger_ties_to_nothing():
    tie = reconciliation(SALES, STOCK, BOOKS.iloc[:0], ACCOUNTS, STANDARD, COST)
    assert tie["ledger_value"].isna().all()


def test_demand_without_a_price_is_named_the_largest_first(model):
    plan = pd.DataFrame(
        {
            "product": ["A", "B", "B", "C", "D", "E"],
            "market": "m",
            "period": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-02-01", *["2026-01-01"] * 3]),
            "consensus_qty": [5.0, 4.0, 4.0, 9.0, 0.0, 1.0],
            "net_price_per_unit": [0.0, 0.0, 0.0, 2.5, 0.0, float("nan")],
        }
    )
    found = demand_has_a_price({"demand_plan": plan}, model)
    assert found["product"].tolist() == ["B", "A", "E"]
    assert found["consensus_qty"].tolist() == [8.0, 5.0, 1.0]
    assert set(found["severity"]) == {"warn"}
    assert demand_has_a_price({"demand_plan": plan.iloc[3:5]}, model).empty


class TestPallets:
    def tables(self, **changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """A is stored where places are limited, B sent over a lane with freight, C only shipped."""
        return {
            "unit_conversion": pd.DataFrame({"product": ["A"], "unit": ["case"], "qty_per_unit": [6.0]}),
            "location": pd.DataFrame({"location": ["P", "W"], "storage_pallets": [None, 100.0]}),
            "lane": pd.DataFrame(
                {
                    "from_location": ["P", "P"],
                    "to_location": ["W", "X"],
                    "cost_per_pallet": [20.0, 0.0],
                    "capacity_pallets_per_week": [None, None],
                }
            ),
            "cost_line": pd.DataFrame({"behaviour": ["fixed"]}),
            "projected_inventory": pd.DataFrame(
                {"product": ["A", "B", "C"], "location": ["W", "P", "W"], "closing_qty": [1.0, 1.0, 0.0]}
            ),
            "supply_plan": pd.DataFrame(
                {
                    "option": ["move", "move", "make"],
                    "product": ["B", "C", "C"],
                    "location": ["W", "X", "W"],
                    "source": ["P", "P", "P"],
                    "planned_qty": [1.0, 1.0, 1.0],
                }
            ),
            "shipment_plan": pd.DataFrame({"product": ["A", "C"], "shipped_qty": [0.0, 2.0]}),
        } | changed

    def found(self, model, **changed: pd.DataFrame) -> dict[str, str]:
        rows = pallets_are_known(self.tables(**changed), model)
        assert (rows["severity"] == "warn").all()
        return dict(zip(rows["product"], rows["counted_by"], strict=True))

    def test_products_that_would_take_no_place_are_named_with_what_counts_them(self, model):
        assert self.found(model) == {"A": "storage places", "B": "lanes"}

    def test_a_cost_by_pallet_counts_what_is_shipped(self, model):
        assert self.found(model, cost_line=pd.DataFrame({"behaviour": ["per_pallet"]}))["C"] == "cost lines"

    def test_a_pallet_conversion_is_enough(self, model):
        units = pd.DataFrame({"product": ["A", "B"], "unit": "pallet", "qty_per_unit": 60.0})
        assert self.found(model, unit_conversion=units) == {}

    def test_where_nothing_counts_pallets_nothing_is_missing(self, model):
        location = pd.DataFrame({"location": ["P", "W"], "storage_pallets": [None, None]})
        lane = self.tables()["lane"].assign(cost_per_pallet=0.0)
        assert self.found(model, location=location, lane=lane) == {}
