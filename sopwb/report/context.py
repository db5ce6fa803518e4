"""What a page says about the run it belongs to: who, when, from what, and on what evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["CheckLine", "Link", "ReportContext", "RunSummary", "moment"]


@dataclass(frozen=True)
class Link:
    """One way to another page or file, relative to the page that shows it."""

    label: str
    href: str
    note: str = ""


@dataclass(frozen=True)
class CheckLine:
    """One check of the run: its name, pass, warn or fail, and what it found."""

    name: str
    status: str
    message: str = ""


@dataclass(frozen=True)
class ReportContext:
    """Facts about a run that every page of it carries.

    Parameters
    ----------
    company
        Name of the company, as reports say it.
    customer, scenario, run_id
        Codes.
    as_of
        Last day of history, ISO.
    currency
        Code of the reporting currency.
    status
        What became of the run: ``published``, ``failed_checks``, ``approved`` …
    made_at
        Moment at which it was made, ISO.
    builds_on
        Run of the cycle before; empty when there is none.
    scenario_title
        What the scenario is called.
    code_commit, is_dirty
        Version of the code, and whether it had changes that are not committed.
    versions
        Package or program → version.
    digests
        What it was made from → digest: inputs, model, lock.
    solver
        One sentence for each solve.
    checks
        Checks of the run.
    pages
        Pages of the run in order, for the way from one to the next.
    table_href
        Where the exported table of a name is, seen from the page; empty makes no links.
    """

    company: str
    customer: str
    scenario: str
    run_id: str
    as_of: str
    currency: str = "EUR"
    status: str = "published"
    made_at: str = ""
    builds_on: str = ""
    scenario_title: str = ""
    code_commit: str = ""
    is_dirty: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    solver: Sequence[str] = ()
    checks: Sequence[CheckLine] = ()
    pages: Sequence[Link] = ()
    table_href: str = "../tables/{table}.parquet"

    @property
    def scenario_name(self) -> str:
        """Scenario as it is called, else its code."""
        return self.scenario_title or self.scenario

    @property
    def evidence(self) -> tuple[tuple[str, str], ...]:
        """Rows of the manifest footer: what, and its value."""
        commit = f"{self.code_commit} with changes not committed" if self.is_dirty else self.code_commit
        rows = [
            ("customer", self.customer),
            ("scenario", self.scenario_name),
            ("run", self.run_id),
            ("as of", self.as_of),
            ("made at", moment(self.made_at)),
            ("builds on", self.builds_on or "no earlier run"),
            ("status", self.status.replace("_", " ")),
            ("code", commit),
            ("versions", ", ".join(f"{name} {version}" for name, version in self.versions.items())),
            ("solver", "; ".join(self.solver)),
            ("digests", ", ".join(f"{name} {digest[:16]}" for name, digest in self.digests.items())),
        ]
        return tuple((name, value) for name, value in rows if value)


def moment(stamp: str) -> str:
    """Moment of a run as people read it.

    >>> moment("20261123T013516Z"), moment("")
    ('2026-11-23 01:35 UTC', '')
    """
    try:
        return f"{datetime.strptime(stamp, '%Y%m%dT%H%M%S%z'):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return stamp


@dataclass(frozen=True)
class RunSummary:
    """One run as the list of runs shows it: its facts, where it is, and its headline figures.

    Parameters
    ----------
    context
        Facts of the run.
    href
        Its index page, seen from the list.
    figures
        Figures in the order of showing: label → value as text, such as ``{"EBIT": "4.21 M€"}``.
    headline
        Its headline sentence.
    """

    context: ReportContext
    href: str
    figures: Mapping[str, str] = field(default_factory=dict)
    headline: str = ""
