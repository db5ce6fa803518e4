"""Make the demo customer Kuura Drinks from one seed: tables to data/, what is true behind them to truth/.

python customers/demo/generate.py [--seed 7] [--variant multiplicative|additive|drifting] [--out FOLDER]

The numbers with a meaning stand in generator/kuura.yaml, the words of people in generator/people.yaml.
The same seed and variant give the same bytes. Nothing of the workbench may read truth/.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.numbers import VARIANTS
from generator.tables import all_tables, all_truth
from generator.world import World, make_world
from generator.write import write_table, write_truth

HERE = Path(__file__).resolve().parent


def write_world(world: World, out: Path) -> None:
    """Write every input table to out/data and the truth to out/truth, in place of what was there."""
    for folder, tables, write in (
        ("data", all_tables(world), write_table),
        ("truth", all_truth(world), write_truth),
    ):
        target = out / folder
        target.mkdir(parents=True, exist_ok=True)
        for old in [*target.glob("*.csv"), *target.glob("*.parquet")]:
            old.unlink()
        for name, frame in tables.items():
            write(target, name, frame)


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variant", choices=VARIANTS, default="multiplicative")
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    write_world(make_world(arguments.seed, arguments.variant), arguments.out)


if __name__ == "__main__":
    main()
