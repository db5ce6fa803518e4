"""A secret reaches the reader of its source and nobody else."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.errors import Fault, InputError, SourceError
from sopwb.exchange import Default, RawInputs, RawTable, read_inputs
from sopwb.exchange.secret import masked, resolved

SECRET = "kanarie/7 å&b"
MAPPING = """
source: erp
kind: erp
options:
  company: '0012'
  logins: [{user: planner, password: '${SOPWB_SECRET_ERP}'}]
  address: postgresql://planner:${SOPWB_SECRET_ERP}@erp/books
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("SOPWB_SECRET_ERP", SECRET)
    monkeypatch.delenv("SOPWB_SECRET_NONE", raising=False)


def ledger(origin: str = "erp") -> RawInputs:
    return RawInputs({"ledger": RawTable(pd.DataFrame({"account": ["1"]}), origin)})


def test_only_the_reader_is_given_it(mapped, schema):
    given = {}

    def reader(source, location, only):
        given.update(source.options)
        assert SECRET not in repr(source)
        assert source.mapping.options["address"] == "postgresql://planner:${SOPWB_SECRET_ERP}@erp/books"
        return ledger()

    read_inputs(mapped(MAPPING), schema, sources={"erp": reader})
    assert given["logins"] == [{"user": "planner", "password": SECRET}]
    assert given["address"] == f"postgresql://planner:{SECRET}@erp/books"
    assert given["company"] == "0012"


def test_a_secret_that_is_not_set_is_told_once_with_its_line(mapped, faults_of):
    text = "source: erp\nkind: erp\noptions:\n  a: ${SOPWB_SECRET_NONE} ${SOPWB_SECRET_NONE}\n"
    [fault] = [
        fault
        for fault in faults_of(mapped(text), sources={"erp": lambda *_: pytest.fail("it was read")})
        if "SECRET" in fault.problem
    ]
    assert fault.where == "sources/acme.yaml line 4"
    assert fault.problem == "the secret SOPWB_SECRET_NONE is not set"
    assert "set the environment variable SOPWB_SECRET_NONE" in fault.remedy


def test_an_empty_secret_is_none(mapped, faults_of, monkeypatch):
    monkeypatch.setenv("SOPWB_SECRET_ERP", "")
    faults = faults_of(mapped(MAPPING), sources={"erp": lambda *_: ledger()})
    assert {fault.problem for fault in faults} == {"the secret SOPWB_SECRET_ERP is not set"}


@pytest.mark.parametrize(
    "words",
    [
        "path: /exports/${SOPWB_SECRET_ERP}",
        "views: {v: 'select ''${SOPWB_SECRET_ERP}'' as a'}",
        "tables: {product: {sql: 'select ''${SOPWB_SECRET_ERP}'' as product'}}",
        "tables: {product: {file: a.csv, constants: {family: '${SOPWB_SECRET_ERP}'}}}",
        "defaults: [{table: price, text: 'with ${SOPWB_SECRET_ERP}'}]",
    ],
)
def test_where_it_would_get_into_tables_or_files_it_is_refused(mapped, faults_of, words):
    faults = faults_of(mapped(f"source: erp\nkind: folder\n{words}\n"))
    assert "the secret SOPWB_SECRET_ERP would get into tables or files" in [f.problem for f in faults]
    assert not any(SECRET in str(fault) for fault in faults)


@pytest.mark.parametrize("name", ["HOME", "SOPWB_SECRT_ERP", ""])
def test_other_variables_are_not_looked_up(mapped, faults_of, name):
    faults = faults_of(mapped(f"source: erp\nkind: erp\noptions: {{a: '${{{name}}}'}}\n"))
    assert f"${{{name}}} is no secret" in [fault.problem for fault in faults]


FORMS = (SECRET, "kanarie%2F7%20%C3%A5%26b", "kanarie/7%20%C3%A5%26b", "kanarie%2F7+%C3%A5%26b")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [SourceError, ConnectionError, InputError])
def test_what_goes_wrong_in_a_reader_is_told_without_it(mapped, schema, kind, form):
    def reader(source, location, only):
        message = f"cannot reach postgresql://planner:{form}@erp"
        raise InputError([Fault("erp", message, [form], form)]) if kind is InputError else kind(message)

    with pytest.raises((SourceError, InputError)) as caught:
        read_inputs(mapped(MAPPING), schema, sources={"erp": reader})
    assert caught.value.exit_code == (2 if kind is InputError else 3)
    assert "postgresql://planner:${SOPWB_SECRET_ERP}@erp" in str(caught.value)
    assert form not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or kind is InputError


def test_where_a_table_comes_from_is_told_without_it(mapped, schema):
    def reader(source, location, only):
        default = Default("price", None, f"Prices of {SECRET}.")
        return RawInputs(ledger(f"erp as {SECRET}").tables, (default,))

    read = read_inputs(mapped(MAPPING), schema, sources={"erp": reader})
    assert read.origins["ledger"] == "erp as ${SOPWB_SECRET_ERP}"
    assert read.defaults[0].text == "Prices of ${SOPWB_SECRET_ERP}."
    assert "${SOPWB_SECRET_ERP}" in str(read.frames["assumption"]["text"].iloc[0])


def test_longer_secrets_are_hidden_before_those_they_contain(monkeypatch):
    monkeypatch.setenv("SOPWB_SECRET_ERP", "abc")
    monkeypatch.setenv("SOPWB_SECRET_LONG", "abcdef")
    monkeypatch.setenv("SOPWB_SECRET_TINY", "a")
    assert masked("abcdef abc a") == "${SOPWB_SECRET_LONG} ${SOPWB_SECRET_ERP} a"


def test_what_is_no_text_is_left_as_it_is():
    assert resolved({"port": 5432, "on": True, "none": None}) == {"port": 5432, "on": True, "none": None}
