"""Running `beian ...` as a process of its own, and waiting for what it does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from webapp.config import ROOT

SECONDS = 40


def until(holds: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait for it; what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)
    return found


class Program:
    """`beian ...` as a process; its output is read as it comes."""

    def __init__(self, *arguments: str, **settings: object) -> None:
        given = {f"BEIAN_{name.upper()}": str(value) for name, value in settings.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "webapp.cli", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line

    def says(self, words: str) -> None:
        until(lambda: words in self.output or self._process.poll() is not None)
        assert words in self.output, self.output

    def stop(self, number: int) -> int:
        """Send the signal; the exit code."""
        self._process.send_signal(number)
        code = self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def program(*arguments: str, **settings: object) -> Iterator[Program]:
    running = Program(*arguments, **settings)
    try:
        yield running
    finally:
        running.kill()
