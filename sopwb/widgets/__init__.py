"""What an analyst works with inside a notebook."""

from sopwb.widgets.forecast_editor import ForecastEditor, forecast_editor

__all__ = ["ForecastEditor", "forecast_editor"]
