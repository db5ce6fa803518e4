"""A new customer is a whole small company that can be read at once, or nothing at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sopwb
from sopwb.cycle import skeleton
from sopwb.cycle.inputs import Inputs, Request, load_inputs
from sopwb.cycle.skeleton import new_customer, skeleton_folder
from sopwb.errors import InputError
from tests.cycle.customer import cells


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_customer(tmp_path_factory.mktemp("customers") / "acme")


@pytest.fixture(scope="module")
def inputs(made: Path) -> Inputs:
    return load_inputs(Request(made, "dear_coffee"))


def test_it_is_sound_and_ends_with_the_last_full_month_of_its_history(inputs):
    assert str(inputs.model.as_of.date()) == "2025-12-31"
    assert inputs.tables["sales_history"]["date"].nunique() == 30
    assert set(inputs.tables["input_origin"].query("row_count > 0")["source"].str[:5]) == {"data/"}


def test_it_is_a_small_company_that_makes_buys_moves_and_sells(inputs):
    product = inputs.tables["product"]
    assert product["product_type"].value_counts().to_dict() == {"finished": 3, "component": 2}
    assert product.query("product_type == 'finished'")["family"].nunique() == 2
    assert len(inputs.tables["market"]) == 2
    assert sorted(inputs.tables["location"]["location_type"]) == ["plant", "warehouse"]
    supplied = set(inputs.tables["routing"]["product"]) | set(inputs.tables["purchase_term"]["product"])
    assert supplied == set(product["product"])


def test_its_lines_carry_the_demand_of_a_usual_month(inputs):
    hours = (
        inputs.tables["routing"].groupby(["product", "resource"])["run_hours_per_unit"].sum().reset_index()
    )
    monthly = inputs.tables["sales_history"].groupby("product")["sold_qty"].sum() / 30
    load = (hours["run_hours_per_unit"] * hours["product"].map(monthly)).groupby(hours["resource"]).sum()
    capacity = inputs.tables["resource"].set_index("resource")["hours_per_day"] * 21
    assert ((load / capacity) < 1).all()
    assert ((load / capacity) > 0.5).all()


def test_its_scenario_changes_one_price(inputs, made):
    base = cells(made, "purchase_term").set_index("product")["price_per_unit"].astype(float)
    dear = inputs.tables["purchase_term"].set_index("product")["price_per_unit"]
    assert (dear / base).round(9).to_dict() == {"bag": 1.0, "green_coffee": 1.2}


def test_it_pins_the_version_and_brings_the_schema_its_settings_name(made):
    assert (made / "requirements.txt").read_text(encoding="utf-8") == f"sopwb=={sopwb.__version__}\n"
    first = (made / "model.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=model.schema.json"
    assert json.loads((made / "model.schema.json").read_text(encoding="utf-8"))["properties"]["calendar"]


def test_every_folder_says_what_belongs_into_it(made):
    for name in ("sources", "schema", "extensions", "notebooks", "tests"):
        assert (made / name / "README.md").is_file()
    assert (made / ".gitignore").is_file()
    assert not list(made.rglob("__pycache__"))


@pytest.mark.parametrize("name", ["Acme", "a cme", "..", "-a", "a.b", "x" * 41])
def test_a_folder_that_cannot_name_a_customer_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot name a customer"):
        new_customer(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_as_it_is(tmp_path):
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="exists already"):
        new_customer(tmp_path / "acme")
    assert [path.name for path in tmp_path.rglob("*")] == ["acme", "mine.txt"]


def test_a_parent_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        new_customer(tmp_path / "nowhere" / "acme")


def test_nothing_half_written_is_left_when_the_disk_fails(tmp_path, monkeypatch):
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(skeleton, "_write", full)
    with pytest.raises(InputError, match="No space left on device"):
        new_customer(tmp_path / "acme")
    assert list(tmp_path.iterdir()) == []


def test_an_installed_package_brings_its_own_copy(tmp_path, monkeypatch):
    package = tmp_path / "site" / "sopwb"
    shutil.copytree(skeleton_folder(), package / "_share" / "templates" / "customer")
    monkeypatch.setattr(sopwb, "__file__", str(package / "__init__.py"))
    assert skeleton_folder() == package / "_share" / "templates" / "customer"
