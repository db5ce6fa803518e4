"""Tables are declared once, here, and read from here by everybody."""

from sopwb.schema.load import Schema, load_schema
from sopwb.schema.table import Column, Table

__all__ = ["Column", "Schema", "Table", "load_schema"]
