"""Soak: load for some minutes in one process, then look at what grew and whether the records hold.

`make soak` runs ten minutes (BEIAN_SOAK_MINUTES) on SQLite; `python -m bench.soak postgresql` on a PostgreSQL of its
own. JSON on standard output; ends with 1 when memory or open files grew, an act failed, or the checker found anything.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.conftest import make_settings
from tests.faults.load import PEOPLE, Load, Orders
from tests.notifications.mailboxes import mailbox
from tests.support.checker import Act, check
from tests.support.postgres import running_postgres
from tests.support.trial import NOW, build_trial
from webapp import create_app
from webapp.extensions import db
from webapp.workflow import commands

SAMPLE_SECONDS = 5.0
# Growth allowed from the end of the first quarter, when caches are full, to the end.
MEMORY_GROWTH = 1.25
FILES_GROWTH = 4


class Reports:
    """Takes what a killed load would send through a pipe."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.failures: list[str] = []

    def send(self, report: Any, /) -> None:
        (self.acts if isinstance(report, Act) else self.failures).append(report)


def sample() -> dict[str, float]:
    """Memory of this process in MB, its open files and its threads (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    memory = int(resident.split()[1]) / 1024
    return {"memory_mb": memory, "files": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()}


def soak(kind: str, minutes: float) -> dict[str, Any]:
    """Run the load and return what was measured and found."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="beian-soak-"))
        box = stack.enter_context(mailbox())
        url = f"sqlite:///{folder}/soak.sqlite"
        if kind == "postgresql":
            url = stack.enter_context(running_postgres()).create_database()
        mail = {"mail_host": "127.0.0.1", "mail_port": box.port}
        app = create_app(make_settings(url, Path(folder), **mail))
        with app.app_context():
            db.create_all()
            trial = build_trial()
            db.session.remove()
        reports = Reports()
        load = Load(app, trial, Orders(url, folder, NOW, seed=1), reports, commands.answer)
        samples = _run(load, minutes)
        with app.app_context():
            problems = [*reports.failures, *check(trial, reports.acts)]
            db.session.remove()
            db.engine.dispose()
    return {"database": kind, "minutes": minutes, "acts": len(reports.acts), "mails": len(box.messages)} | _judge(
        samples, problems
    )


def _run(load: Load, minutes: float) -> list[dict[str, float]]:
    threads = [threading.Thread(target=load.person, args=(number,)) for number in range(PEOPLE)]
    threads.append(threading.Thread(target=load.jobs))
    for thread in threads:
        thread.start()
    samples, end = [], time.monotonic() + minutes * 60
    while time.monotonic() < end:
        time.sleep(min(SAMPLE_SECONDS, minutes * 6))
        samples.append(sample())
    load.stop.set()
    for thread in threads:
        thread.join()
    return samples


def _judge(samples: list[dict[str, float]], problems: list[str]) -> dict[str, Any]:
    warm, last = samples[len(samples) // 4], samples[-1]
    if last["memory_mb"] > warm["memory_mb"] * MEMORY_GROWTH:
        problems.append(f"memory grew from {warm['memory_mb']:.0f} to {last['memory_mb']:.0f} MB")
    if last["files"] > warm["files"] + FILES_GROWTH:
        problems.append(f"open files grew from {warm['files']} to {last['files']}")
    return {"warm": warm, "last": last, "problems": problems}


def main() -> int:
    """The command line: `python -m bench.soak [sqlite|postgresql]`."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    found = soak(kind, float(os.environ.get("BEIAN_SOAK_MINUTES", "10")))
    print(json.dumps(found, ensure_ascii=False, indent=2))
    return 1 if found["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
