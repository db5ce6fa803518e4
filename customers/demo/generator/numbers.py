"""The numbers of Kuura Drinks, read once, and the random streams drawn from one seed."""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

VARIANTS = ("multiplicative", "additive", "drifting")
HERE = Path(__file__).parent


@cache
def read_yaml(name: str) -> dict[str, Any]:
    """A YAML file that lies beside this module."""
    return yaml.load((HERE / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one subject, so that a change elsewhere leaves it alone."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def day(text: object) -> pd.Timestamp:
    """A date of the YAML file as a timestamp."""
    return pd.Timestamp(str(text))


def month_of(dates: pd.Series | pd.DatetimeIndex) -> pd.Series | pd.DatetimeIndex:
    """The first day of the month of each date."""
    if isinstance(dates, pd.Series):
        return dates.dt.to_period("M").dt.to_timestamp()
    return dates.to_period("M").to_timestamp()
