"""What an analyst works with inside a notebook.

The editor itself is ``sopwb.widgets.forecast_editor``; what is imported here costs a scheduled run nothing.
"""

from sopwb.widgets.meeting import edit_forecast

__all__ = ["edit_forecast"]
