"""An open workbench for Sales & Operations Planning with finance inside."""

__version__ = "0.1.0"
