"""`python -m bench --out var/bench.json`: measure everything, print the figures, exit 1 where a bar is missed."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import posts, rounds, steps
from bench.databases import DATABASES, Bench, opened
from bench.measure import Figure
from tests.support.postgres import Postgres, running_postgres

PAIRS = 80


def _steps(bench: Bench) -> list[Figure]:
    return [figure for code in ("bench", "wzpt") for figure in steps.measure(bench, code, PAIRS)]


def _posts(bench: Bench) -> list[Figure]:
    return [figure for code in ("bench", "wzpt") for figure in posts.measure(bench, code, PAIRS)]


def _rounds(bench: Bench) -> list[Figure]:
    return rounds.measure(bench, cases=6, rounds=50, many=1000)


MEASURES: dict[str, Callable[[Bench], list[Figure]]] = {"steps": _steps, "posts": _posts, "rounds": _rounds}


def run(measures: Sequence[str], databases: Sequence[str]) -> Iterator[tuple[Bench, list[Figure]]]:
    """Each measure on each database, in an application of its own."""
    with contextlib.ExitStack() as stack:
        server: Postgres | None = stack.enter_context(running_postgres()) if "postgresql" in databases else None
        for kind in databases:
            for name in measures:
                with opened(kind, server) as bench:
                    yield bench, MEASURES[name](bench)


def environment(versions: dict[str, str]) -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "processors": os.cpu_count(),
        "databases": versions,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    parser.add_argument("--only", choices=sorted(MEASURES), action="append", help="one measure; may be repeated")
    parser.add_argument("--database", choices=DATABASES, action="append", help="one database; may be repeated")
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    figures: list[Figure] = []
    versions: dict[str, str] = {}
    for bench, found in run(given.only or list(MEASURES), given.database or DATABASES):
        versions[bench.kind] = bench.version
        figures += found
        for figure in found:
            print(figure.line(), flush=True)
    missed = [figure.name for figure in figures if not figure.met]
    report = {
        "environment": environment(versions),
        "seconds": round(time.monotonic() - begun),
        "met": not missed,
        "figures": [figure.as_json() for figure in figures],
    }
    if given.out:
        given.out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    print(f"{len(figures) - len(missed)} of {len(figures)} bars met in {report['seconds']} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
