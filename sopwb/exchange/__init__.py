"""Reading source systems into raw tables of the declared names, and writing tables for people."""

from sopwb.exchange.raw import Default, RawInputs, RawTable
from sopwb.exchange.read import read_inputs
from sopwb.exchange.write import write_csv, write_templates, write_workbook

__all__ = [
    "Default",
    "RawInputs",
    "RawTable",
    "read_inputs",
    "write_csv",
    "write_templates",
    "write_workbook",
]
