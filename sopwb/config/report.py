"""Settings of the room report."""

from __future__ import annotations

from sopwb.config.base import Settings

__all__ = ["ReportSettings"]


class ReportSettings(Settings):
    """Settings of the room report."""
