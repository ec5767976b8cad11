# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Processes of Odoo that do what a test asks them to, one step after another."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("steps.py")


class Worker:
    """A process with an environment of a database, as a server's worker has."""

    def __init__(self, database: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self._answer() == "ready"

    def start(self, step: str, **values) -> None:
        """Have a step done; ask for its result with :meth:`result`."""
        self.process.stdin.write(json.dumps([step, values]) + "\n")
        self.process.stdin.flush()

    def result(self):
        """What the step under way returns, once it is done."""
        return self._answer()

    def run(self, step: str, **values):
        """Do a step and give what it returns."""
        self.start(step, **values)
        return self.result()

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        self.process.kill()
        self.process.communicate()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1][-5000:])
        return json.loads(line)
