"""What all settings share: they are frozen and know every key they allow."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RuleSettings", "Settings"]


class Settings(BaseModel):
    """A group of settings; unknown keys are errors, and nothing changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RuleSettings(Settings):
    """How one rule of the supply plan is used."""

    mode: Literal["off", "soft", "hard"] | None = None
    """Left out, broken at a price, or never broken; unset: the rule's own."""
    price: float | None = Field(default=None, ge=0)
    """Money for one unit by which a soft rule is broken, in reporting currency; unset: the rule's own."""
