"""Forecast a long table by the functions of a run, and say what it cost.

python -m benchmarks.forecast TRAIN.parquet --horizon 18 --season 12 --freq MS --out OUT.parquet
python -m benchmarks.forecast --synthetic 10000
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.synthetic import synthetic_sales
from sopwb.demand.intake import with_known_names
from sopwb.errors import InputError

PEER_SERIES = 8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, nargs="?", help="unique_id, ds, y and further columns")
    parser.add_argument("--synthetic", type=int, metavar="N", help="N made weekly series instead of a table")
    parser.add_argument("--years", type=int, default=3, help="years of made history")
    parser.add_argument("--seed", type=int, default=1, help="seed of the made series")
    parser.add_argument("--horizon", type=int, help="buckets ahead; 26 of made series")
    parser.add_argument("--season", type=int, help="buckets in a year, 1 for none; 52 of made series")
    parser.add_argument("--freq", help="MS, QS, YS, D, h or W- and a weekday; W-MON of made series")
    parser.add_argument("--future", type=Path, help="unique_id, ds and the columns known ahead")
    parser.add_argument("--country", help="country whose holidays move weeks and months, such as FI or DE-BY")
    parser.add_argument("--as-of", type=pd.Timestamp, help="rows after this day are left out")
    parser.add_argument("--mode", choices=["default", "accurate"], default="default")
    parser.add_argument("--peer", choices=["darts"], help="measure darts AutoETS on a sample as well")
    parser.add_argument("--out", type=Path, help="forecasts as parquet; may be left out for made series")
    args = parser.parse_args()
    if (args.train is None) == (args.synthetic is None):
        parser.error("give a table or --synthetic N, one of them")
    if args.synthetic is not None:
        args.horizon, args.season, args.freq = args.horizon or 26, args.season or 52, args.freq or "W-MON"
    missing = [name for name in ("horizon", "season", "freq") if getattr(args, name) is None]
    if missing or (args.train and args.out is None):
        parser.error(f"a table needs {', '.join(f'--{name}' for name in missing or ['out'])}")
    return args


def peer_seconds(train: pd.DataFrame, season: int, horizon: int) -> float:
    """CPU seconds a series of darts' AutoETS, each series by itself, on a sample spread over all."""
    from darts import TimeSeries
    from darts.models import AutoETS

    train = with_known_names(train)
    train = train.assign(y=pd.to_numeric(train["y"], errors="coerce"))
    train = train[np.isfinite(train["y"])]
    lengths = train.groupby("unique_id")["y"].size()
    usable = lengths[lengths > 2 * season].index
    names = usable[np.unique(np.linspace(0, len(usable) - 1, PEER_SERIES + 1).astype(int))]
    times = []
    for name in names:
        values = train.loc[train["unique_id"] == name].sort_values("ds")["y"].to_numpy(dtype=float)
        begin = time.process_time()
        series = TimeSeries.from_times_and_values(pd.RangeIndex(len(values)), values)
        AutoETS(season_length=season).fit(series).predict(horizon)
        times.append(time.process_time() - begin)
    # the first fit pays for imports
    return float(np.mean(times[1:] or times))


def loaded(freq: str) -> float:
    """CPU seconds of the packages that a forecast loads, loaded here so that they are not in its own."""
    begin = time.process_time()
    weekly = ["sklearn.ensemble"] if freq.upper().startswith("W") else []
    for name in ["scipy.special", "sopwb.demand.forecasters", "sopwb.demand.study", *weekly]:
        import_module(name)
    return time.process_time() - begin


def main() -> None:
    args = arguments()
    import_s = loaded(args.freq)
    from sopwb.demand.study import built_in_forecasters, study

    if args.train:
        train = pd.read_parquet(args.train)
    else:
        train = synthetic_sales(
            args.synthetic, years=args.years, season=args.season, freq=args.freq, seed=args.seed
        )
    future = pd.read_parquet(args.future) if args.future else None
    known = built_in_forecasters()
    cpu, wall = time.process_time(), time.perf_counter()
    result = study(
        train,
        known,
        freq=args.freq,
        season=args.season,
        horizon=args.horizon,
        future=future,
        as_of=args.as_of,
        accurate=args.mode == "accurate",
        country=args.country,
    )
    told = {
        "series": int(result.forecast["unique_id"].nunique()),
        "import_s": round(import_s, 3),
        "cpu_s": round(time.process_time() - cpu, 3),
        "wall_s": round(time.perf_counter() - wall, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    told |= {"excluded": len(result.excluded), "remarks": len(result.remarks)}
    if args.out:
        result.forecast.to_parquet(args.out, index=False)
    for name, table in (("excluded", result.excluded), ("remarks", result.remarks)):
        if args.out and len(table):
            table.to_parquet(args.out.with_suffix(f".{name}.parquet"), index=False)
    if args.peer:
        each = peer_seconds(train, args.season, args.horizon)
        told["peer_cpu_s_per_series"] = round(each, 5)
        told["peer_ratio"] = round(each * told["series"] / max(told["cpu_s"], 1e-9), 1)
    print(json.dumps(told))


if __name__ == "__main__":
    try:
        main()
    except InputError as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)
