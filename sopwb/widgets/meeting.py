"""The editor of forecasts in the demand review: live by hand, a list of who spoke in a scheduled run."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from sopwb.cycle.step import Step
from sopwb.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["STAND_IN", "edit_forecast"]

STAND_IN = "who_has_spoken"
NOBODY = "choose who you are"


def edit_forecast(step: Step, customer: str | Path) -> Any:
    """The editor of an author's forecast, to be shown as the last value of a cell of the demand review.

    In a scheduled run nobody is there to type: the list of what people have said stands in its place.

    Parameters
    ----------
    step
        The open meeting.
    customer
        Name or folder of the customer, as the notebook's parameters give it.

    Returns
    -------
    Section or widget
        The section of `STAND_IN` in a run; else a widget: choose the author, fill in, check, save.
    """
    if step.folder is not None:
        return step.show(STAND_IN)
    return _chooser(step, customer)


def _chooser(step: Step, customer: str | Path) -> Any:
    """Who speaks, and below the editor of that author."""
    import ipywidgets

    from sopwb.widgets.forecast_editor import forecast_editor

    author = ipywidgets.Dropdown(
        options=[(NOBODY, ""), *((name, name) for name in _authors(step))],
        description="Author",
        layout={"width": "auto"},
    )
    place = ipywidgets.VBox()
    message = ipywidgets.HTML()
    day = str(step.model.as_of.date())

    def show(_: Any) -> None:
        message.value, place.children = "", ()
        if author.value:
            try:
                place.children = (forecast_editor(customer, author.value, tables=step.tables, as_of=day),)
            except InputError as error:
                message.value = "".join(f"<p>{escape(str(fault))}</p>" for fault in error.faults)

    author.observe(show, "value")
    author.add_class("sopwb-author")
    return ipywidgets.VBox([author, message, place])


def _authors(step: Step) -> list[str]:
    """Everybody who is asked for a forecast, or has given one."""
    from sopwb.demand.collection import asked_scopes

    tables = step.tables
    known = {
        name: tables.get(name, step.schema[name].empty()) for name in ("author_scope", "manual_forecast")
    }
    scopes = asked_scopes(known["author_scope"], known["manual_forecast"], pd.Timestamp(step.model.as_of))
    return sorted(scopes["author"].unique())
