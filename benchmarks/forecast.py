"""Forecast a long table by the functions of a run, and say what it cost.

python -m benchmarks.forecast TRAIN.parquet --horizon 18 --season 12 --freq MS --out OUT.parquet
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

PEER_SERIES = 8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="unique_id, ds, y and further columns")
    parser.add_argument("--horizon", type=int, required=True, help="buckets ahead")
    parser.add_argument("--season", type=int, required=True, help="buckets in a year, 1 for none")
    parser.add_argument("--freq", required=True, help="MS, QS, YS, D or W- and a weekday")
    parser.add_argument("--future", type=Path, help="unique_id, ds and the columns known ahead")
    parser.add_argument("--as-of", type=pd.Timestamp, help="rows after this day are left out")
    parser.add_argument("--mode", choices=["default", "accurate"], default="default")
    parser.add_argument("--peer", choices=["darts"], help="measure darts AutoETS on a sample as well")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def peer_seconds(train: pd.DataFrame, season: int, horizon: int) -> float:
    """CPU seconds a series of darts' AutoETS, each series by itself, on a sample spread over all."""
    from darts import TimeSeries
    from darts.models import AutoETS

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


def main() -> None:
    from sopwb.demand.study import built_in_forecasters, study

    args = arguments()
    train = pd.read_parquet(args.train)
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
    )
    told = {
        "series": int(result.forecast["unique_id"].nunique()),
        "cpu_s": round(time.process_time() - cpu, 3),
        "wall_s": round(time.perf_counter() - wall, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    result.forecast.to_parquet(args.out, index=False)
    told |= {"excluded": len(result.excluded), "remarks": len(result.remarks)}
    for name, table in (("excluded", result.excluded), ("remarks", result.remarks)):
        if len(table):
            table.to_parquet(args.out.with_suffix(f".{name}.parquet"), index=False)
    if args.peer:
        each = peer_seconds(train, args.season, args.horizon)
        told["peer_cpu_s_per_series"] = round(each, 5)
        told["peer_ratio"] = round(each * told["series"] / max(told["cpu_s"], 1e-9), 1)
    print(json.dumps(told))


if __name__ == "__main__":
    sys.exit(main())
