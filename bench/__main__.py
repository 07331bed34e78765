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

from bench import batches, campaigns, inbox, posts, rounds, steps
from bench.databases import DATABASES, Bench, opened
from bench.measure import Figure
from tests.support.postgres import Postgres, running_postgres

Found = tuple[Bench, list[Figure]]


def _each(
    measure: Callable[[Bench, str, int], list[Figure]], pairs: int, kind: str, server: Postgres | None
) -> Iterator[Found]:
    for code in ("bench", "wzpt"):
        with opened(kind, server) as bench:
            yield bench, measure(bench, code, pairs)


def _steps(kind: str, server: Postgres | None) -> Iterator[Found]:
    yield from _each(steps.measure, 100, kind, server)


def _posts(kind: str, server: Postgres | None) -> Iterator[Found]:
    yield from _each(posts.measure, 150, kind, server)


def _rounds(kind: str, server: Postgres | None) -> Iterator[Found]:
    with opened(kind, server) as bench:
        yield bench, rounds.measure(bench, cases=5, rounds=50, many=1000)


def _inbox(kind: str, server: Postgres | None) -> Iterator[Found]:
    yield inbox.measure(kind, server, total=1_000_000, repeats=40)


def _campaigns(kind: str, server: Postgres | None) -> Iterator[Found]:
    yield campaigns.measure(kind, server, total=10_000)


def _batches(kind: str, server: Postgres | None) -> Iterator[Found]:
    with opened(kind, server) as bench:
        yield bench, batches.measure(bench, pairs=5)


MEASURES = {
    "steps": _steps,
    "posts": _posts,
    "rounds": _rounds,
    "inbox": _inbox,
    "campaigns": _campaigns,
    "batches": _batches,
}


def run(measures: Sequence[str], databases: Sequence[str]) -> Iterator[Found]:
    """Each measure on each database, in applications of its own."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_postgres()) if "postgresql" in databases else None
        for kind in databases:
            for name in measures:
                yield from MEASURES[name](kind, server)


def environment(versions: dict[str, str]) -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
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
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    print(f"{len(figures) - len(missed)} of {len(figures)} bars met in {report['seconds']} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
