# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sums of calls, kept by two processes at once while calls come and change."""

import os
import signal
import time
from datetime import datetime, timedelta

PATIENCE = 60.0
FIRST = datetime.fromisoformat("2026-08-20 00:00:00")
ROWS = 60_000
# What the table says of a company, and what its calls say.
OF_TABLE = """
    SELECT month, partner_id, sum(call_count)::bigint, sum(duration)::bigint,
           sum(price)::text FROM telecom_call_sum WHERE company_id = %s
  GROUP BY 1, 2 ORDER BY 1, 2
"""
OF_CALLS = """
    SELECT date_trunc('month', day::timestamp)::date, partner_id, count(*),
           sum(duration), sum(price)::text FROM telecom_call WHERE company_id = %s
  GROUP BY 1, 2 ORDER BY 1, 2
"""
MARKS = "SELECT count(*) FROM telecom_call_sum_mark WHERE company_id = %s"


def row(index):
    """A call of 60 s of one of ten customers, 80 seconds behind the one before."""
    start = FIRST + timedelta(seconds=index * 80)
    return f"{start},910{index % 10:06},600000{index % 1000:03},60\n"


def receive(worker, name, path, rows=ROWS, customers=10):
    """A company with a file that waits to be read: ids, and the file's."""
    path.write_text("".join(row(index) for index in range(rows)))
    ids = worker.run("prepare", name=name, customers=customers)
    file = worker.run(
        "upload", source=ids["sources"][0], name="sums.csv", path=str(path)
    )
    return ids, file


def assert_added_up(sql, company) -> None:
    assert sql(MARKS, company) == [(0,)]
    told = sql(OF_TABLE, company)
    assert told == sql(OF_CALLS, company)
    assert sum(row[2] for row in told) == ROWS


def test_added_up_while_calls_come_and_prices_change(workers, sql, folder) -> None:
    """One process reads a file and rates it again, the other adds up all the time."""
    first, second = workers
    ids, file = receive(first, "Sums", folder / "sums.csv")
    company = ids["company"]
    first.start("process", file=file)
    second.run("add_up")
    deadline = time.monotonic() + PATIENCE
    state = "SELECT state FROM telecom_file WHERE id = %s"
    while sql(state, file) != [("processed",)]:
        assert time.monotonic() < deadline
        second.run("add_up")
    assert first.result() is True
    first.run("raise_prices", company=company, price=0.12)
    first.start("rate_slowly", company=company, seconds=1)
    time.sleep(1)
    second.run("add_up")
    assert first.result() == ROWS
    for process in workers:
        process.start("add_up")
    for process in workers:
        assert process.result() is None
    assert_added_up(sql, company)


def test_killed_while_it_adds_up(worker, workers, sql, folder) -> None:
    """Nothing of it is there, or all of a month: the next one does the rest."""
    first, second = worker(), workers[1]
    first.wait_until_ready()
    ids, file = receive(second, "Killed sums", folder / "killed.csv")
    company = ids["company"]
    assert second.run("process", file=file) is True
    marked = sql(MARKS, company)
    assert marked != [(0,)]
    first.start("add_up")
    time.sleep(0.05)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    second.run("add_up")
    assert_added_up(sql, company)
