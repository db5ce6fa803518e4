"""An editor of an author's forecast in a notebook: the grid, the checks and the table of the workbooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd

from sopwb.cycle.collect import author_form, authors, enter, planned, unapproved
from sopwb.cycle.inputs import Inputs, Request, load_inputs
from sopwb.cycle.memory import find_customer, runs_folder
from sopwb.errors import Fault, InputError
from sopwb.exchange.form import (
    ENTRY_LABELS,
    FACTS,
    MODES,
    RESULT_LABEL,
    Entries,
    Form,
    result_qty,
    scope_words,
)

if TYPE_CHECKING:
    from sopwb.extend import Tables

__all__ = ["ForecastEditor", "forecast_editor"]

Key = tuple[int, str, pd.Timestamp]
Row = tuple[int, str]
CELL = "90px"
COLUMNS = 150


def forecast_editor(
    customer: str | Path,
    author: str,
    *,
    tables: Tables | None = None,
    as_of: str | None = None,
) -> ForecastEditor:
    """The editor of one author's forecast, to be shown as the last value of a notebook's cell.

    Parameters
    ----------
    customer
        Name or folder of the customer.
    author
        Who speaks.
    tables
        Tables of a demand review, such as ``step.tables``; None takes those of the latest run of this
        cycle, or plans in memory.
    as_of
        Last day of history; None leaves it to the model and the data.

    Raises
    ------
    InputError
        The customer or the author is unknown, or the data is wrong.
    """
    day = pd.Timestamp(as_of) if as_of else None
    request = Request(find_customer(customer), as_of=day, runs=runs_folder())
    inputs = load_inputs(request)
    if author not in authors(inputs):
        remedy = f"known are {', '.join(authors(inputs)) or 'none'}"
        raise InputError([Fault("author", f"{author!r} is asked about nothing", remedy=remedy)])
    made = dict(tables) if tables is not None and "demand_plan" in tables else planned(request, inputs)
    return ForecastEditor(request, inputs, {"demand_plan": made["demand_plan"]}, author)


class ForecastEditor(ipywidgets.VBox):  # type: ignore[misc]
    """One line of an author's forecast at a time, with its months as cells to fill.

    Parameters
    ----------
    request, inputs
        Whose forecast it is, and the tables it is checked against.
    made
        At least the table ``demand_plan``.
    author
        Who speaks.

    Attributes
    ----------
    line, cells, reasons, days
        The line shown, and its cells to fill: by mode and month, and by mode.
    check, save, message
        The two buttons, and what came of them.
    """

    def __init__(
        self, request: Request, inputs: Inputs, made: Mapping[str, pd.DataFrame], author: str
    ) -> None:
        self._request, self._inputs, self._made = request, inputs, dict(made)
        self._form = self._asked(author)
        self._texts: dict[Key, str] = {}
        self._asides: dict[Row, tuple[str, str]] = {}
        self._fill_from_standing()
        months = self._form.months
        self.cells = {(mode, month): _text() for mode in MODES for month in months}
        self.reasons = {mode: _text("260px", "reason") for mode in MODES}
        self.days = {mode: _text("110px", "2026-03-31") for mode in MODES}
        self._shown = {
            (label, month): ipywidgets.HTML() for label in (*FACTS.values(), RESULT_LABEL) for month in months
        }
        names = [(self._name(line), line) for line in self._form.lines["line"]]
        self.line = ipywidgets.Dropdown(options=names, description="Line", layout={"width": "auto"})
        self.check = ipywidgets.Button(description="Check", tooltip="Check every line and write nothing")
        self.save = ipywidgets.Button(description="Save", button_style="primary")
        self.message = ipywidgets.HTML()
        self._name_for_pages()
        self._loading = False
        self._show()
        self.line.observe(lambda _: self._show(), "value")
        for widget in (*self.cells.values(), *self.reasons.values(), *self.days.values()):
            widget.observe(lambda _: self._changed(), "value")
        self.check.on_click(lambda _: self._check())
        self.save.on_click(lambda _: self._save())
        buttons = ipywidgets.HBox([self.check, self.save])
        super().__init__([self.line, self._grid(), buttons, self.message])

    def _name_for_pages(self) -> None:
        """Classes by which a style sheet or a test finds the parts."""
        parts = {"line": self.line, "check": self.check, "save": self.save, "message": self.message}
        parts |= {f"{mode}-{month:%Y-%m}": widget for (mode, month), widget in self.cells.items()}
        parts |= {f"reason-{mode}": widget for mode, widget in self.reasons.items()}
        parts |= {f"until-{mode}": widget for mode, widget in self.days.items()}
        for name, widget in parts.items():
            widget.add_class(f"sopwb-{name}")

    def entries(self) -> Entries:
        """Everything that is filled in now, as a workbook would bring it."""
        before = self._before()
        known = self._form.quantities("automatic_qty")
        cells = [
            {
                "line": line,
                "mode": mode,
                "period": month,
                "cell": self._cell((line, mode, month), before),
                "before": before.get((line, mode, month), float("nan")),
                "automatic_qty": known[line, month],
                "place": f"{self._name(line)}, {month:%b %Y} {ENTRY_LABELS[mode]}",
            }
            for line in self._form.lines["line"].tolist()
            for mode in MODES
            for month in self._form.months
        ]
        rows = [self._aside(line, mode) for line in self._form.lines["line"].tolist() for mode in MODES]
        return Entries(
            pd.DataFrame(cells).astype({"cell": "object"}),
            pd.DataFrame(rows, dtype="object"),
            self._form.lines,
            self._form.author,
            self._form.as_of,
        )

    def _asked(self, author: str) -> Form:
        tables = dict(self._inputs.tables) | self._made
        return author_form(author, tables, self._inputs, self._request.folder.name)

    def _name(self, line: int) -> str:
        row = next(row for row in self._form.lines.to_dict("records") if row["line"] == line)
        words = scope_words(row["family"], row["product"], row["market"], row["node"])
        return " · ".join([f"{line} {row['stream']}", *(word for word in words if word != "all")])

    def _before(self) -> dict[Key, float]:
        said = self._form.standing
        keys = zip(said["line"].tolist(), said["mode"].tolist(), said["period"].tolist(), strict=True)
        return dict(zip(keys, said["amount"].astype(float).tolist(), strict=True))

    def _before_asides(self) -> dict[Row, tuple[str, str]]:
        said = self._form.standing.sort_values("period").to_dict("records")
        return {
            (row["line"], row["mode"]): (str(row["reason"]), str(row["expires_on"].date())) for row in said
        }

    def _fill_from_standing(self) -> None:
        self._texts = {key: _shown_amount(key[1], amount) for key, amount in self._before().items()}
        self._asides = self._before_asides()

    def _cell(self, key: Key, before: Mapping[Key, float]) -> Any:
        """The cell as filled in; one that was left alone is exactly what stood there."""
        text = self._texts.get(key, "").strip()
        if key in before and text == _shown_amount(key[1], before[key]):
            return before[key]
        return text or None

    def _aside(self, line: int, mode: str) -> dict[str, Any]:
        reason, day = self._asides.get((line, mode), ("", ""))
        known = self._before_asides().get((line, mode))
        where = f"{self._name(line)}, {ENTRY_LABELS[mode]}"
        return {
            "line": line,
            "mode": mode,
            "reason": reason.strip() or None,
            "expires": day.strip() or None,
            "before_reason": known[0] if known else None,
            "before_expires": known[1] if known else None,
            "reason_place": f"{where}, reason",
            "expires_place": f"{where}, valid until",
        }

    def _show(self) -> None:
        """Put the chosen line into the cells."""
        self._loading = True
        line = self.line.value
        for name, label in FACTS.items():
            quantities = self._form.quantities(name)
            for month in self._form.months:
                self._shown[label, month].value = _number_html(quantities[line, month])
        for (mode, month), widget in self.cells.items():
            widget.value = self._texts.get((line, mode, month), "")
        for mode in MODES:
            self.reasons[mode].value, self.days[mode].value = self._asides.get((line, mode), ("", ""))
        self._loading = False
        self._show_result()

    def _changed(self) -> None:
        """Keep what is filled in, and show what comes of it."""
        if self._loading:
            return
        line = self.line.value
        self._texts |= {(line, mode, month): widget.value for (mode, month), widget in self.cells.items()}
        self._asides |= {(line, mode): (self.reasons[mode].value, self.days[mode].value) for mode in MODES}
        self._show_result()

    def _show_result(self) -> None:
        automatic = self._form.quantities("automatic_qty")
        for month in self._form.months:
            amounts = [_amount(self.cells[mode, month].value) for mode in MODES]
            result = result_qty(automatic[self.line.value, month], *amounts)
            self._shown[RESULT_LABEL, month].value = f"<b>{_number_html(result)}</b>"

    def _grid(self) -> Any:
        """Labels down, months across; reasons and days beside the rows to fill."""
        months = self._form.months
        heads = ["", *(f"{month:%b %Y}" for month in months), "Reason", "Valid until"]
        rows: list[list[Any]] = [[ipywidgets.HTML(f"<b>{head}</b>") for head in heads]]
        rows += [_shown_row(label, self._shown, months) for label in FACTS.values()]
        for mode in MODES:
            cells = [self.cells[mode, month] for month in months]
            rows.append([ipywidgets.HTML(ENTRY_LABELS[mode]), *cells, self.reasons[mode], self.days[mode]])
        rows.append(_shown_row(RESULT_LABEL, self._shown, months))
        columns = f"{COLUMNS}px repeat({len(months)}, {CELL}) 270px 120px"
        children = [widget for row in rows for widget in row]
        return ipywidgets.GridBox(children, layout={"grid_template_columns": columns})

    def _check(self) -> None:
        faults = unapproved(self._inputs, self.entries())
        self._tell([str(fault) for fault in faults] or ["Nothing is wrong; nothing is written yet."])

    def _save(self) -> None:
        try:
            done = enter(self._request.folder, self._inputs, self.entries())
        except InputError as error:
            self._tell([str(fault) for fault in error.faults])
            return
        if done.path is None:
            self._tell(["Nothing new; nothing is added."])
            return
        self._inputs = load_inputs(replace(self._request, as_of=self._form.as_of))
        self._form = self._asked(self._form.author)
        self._fill_from_standing()
        self._show()
        self._tell([f"{len(done.rows)} row(s) are added to {done.path.name}."])

    def _tell(self, lines: list[str]) -> None:
        shown = "".join(f"<li>{escape(line)}</li>" for line in lines)
        self.message.value = f"<ul>{shown}</ul>"


def _text(width: str = CELL, placeholder: str = "") -> Any:
    return ipywidgets.Text(placeholder=placeholder, layout={"width": width}, continuous_update=False)


def _shown_row(
    label: str, shown: Mapping[tuple[str, pd.Timestamp], Any], months: list[pd.Timestamp]
) -> list[Any]:
    blank = [ipywidgets.HTML(), ipywidgets.HTML()]
    return [ipywidgets.HTML(escape(label)), *(shown[label, month] for month in months), *blank]


def _number_html(quantity: float) -> str:
    return f"{quantity:,.0f}"


def _shown_amount(mode: str, amount: float) -> str:
    return f"{amount * 100:.10g}%" if mode == "percent" else f"{amount:.12g}"


def _amount(text: str) -> float | None:
    """What a text comes to for the row of results; the checks say what is wrong with it."""
    plain = text.strip().replace("−", "-")
    try:
        return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        return None
