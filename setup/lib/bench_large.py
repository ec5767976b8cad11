# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Imports a file that was received, in a process of its own; tells what that took.

Prints one line of JSON: peak_mib, the most memory this process held; seconds, when each
tenth of the calls was stored.
"""

import argparse
import json
import os
import resource
import time

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry


class Watch:
    """Notes when each tenth of the calls has been committed."""

    def __init__(self, file, calls: int):
        self.file, self.calls = file, calls
        self.start = time.perf_counter()
        self.seconds: list[float] = []
        self.commit = type(file)._commit_step

    def __call__(self):
        self.commit(self.file)
        while self.file.row_count * 10 >= self.calls * (len(self.seconds) + 1):
            self.seconds.append(time.perf_counter() - self.start)
            if len(self.seconds) == 10:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--file", type=int, required=True)
    options = parser.parse_args()
    database = os.environ["TELECOM_DATABASE"]
    odoo.tools.config.parse_config(["-d", database, "--no-http", "--log-level", "warn"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        file = env["telecom.file"].browse(options.file)
        watch = Watch(file, options.calls)
        type(file)._commit_step = lambda _files: watch()
        file.action_process()
        cr.commit()
        assert file.call_count == options.calls, file.read()
    # Kilobytes on Linux, of the whole life of the process.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mib": peak, "seconds": watch.seconds}))


if __name__ == "__main__":
    main()
