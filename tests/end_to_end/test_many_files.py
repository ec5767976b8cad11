# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many small files on a real database: killed in between, nothing lost or doubled."""

import os
import signal
import time
from datetime import datetime, timedelta

FILES, ROWS = 100, 2_000
PATIENCE = 120.0
FIRST = datetime.fromisoformat("2026-10-01 00:00:00")


def row(index):
    """A call of 60 s, at a second of its own."""
    start = FIRST + timedelta(seconds=index * 10)
    return f"{start},910000000,600000{index % 1000:03},60\n"


def test_killed_between_small_files(worker, workers, sql, folder) -> None:
    """Files are stored some hundred at a time: each is whole, or has not been begun.

    The last row of each file is the first of the next one, and one row is bad.
    """
    (folder / "0").mkdir()
    for number in range(FILES):
        first = number * (ROWS - 1)
        rows = [row(first + i) for i in range(ROWS)]
        rows[7] = "2026-02-31 10:00:00,910000000,600000099,60\n"
        path = folder / "0" / f"{number:03}.csv"
        path.write_text("".join(rows))
        os.utime(path, (1_767_225_600, 1_767_225_600))
    first, second = worker(), workers[1]
    first.wait_until_ready()
    ids = first.run("prepare", name="Many", customers=1, folder=str(folder))
    first.run("collect_all")
    first.start("process_all")
    stored = "SELECT count(*) FROM telecom_call WHERE company_id = %s"
    deadline = time.monotonic() + PATIENCE
    while not sql(stored, ids["company"])[0][0]:
        assert time.monotonic() < deadline, "nothing was stored"
        time.sleep(0.005)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()

    states = (
        "SELECT state, count(*), COALESCE(sum(row_count), 0)::int,"
        " COALESCE(sum(call_count + duplicate_count"
        " + rejected_count), 0)::int FROM telecom_file WHERE source_id = ANY(%s)"
        " GROUP BY 1 ORDER BY 1"
    )
    found = {state: rest for state, *rest in sql(states, ids["sources"])}
    done = found["processed"][0]
    assert set(found) == {"processed", "received"}, "no file is half read"
    assert 0 < done < FILES
    assert found["processed"] == [done, done * ROWS, done * ROWS]
    assert found["received"][1:] == [0, 0]

    assert second.run("process_all") is None
    assert sql(states, ids["sources"]) == [
        ("processed", FILES, FILES * ROWS, FILES * ROWS)
    ]
    calls = FILES * (ROWS - 1) - (FILES - 1)
    counts = sql(
        "SELECT sum(call_count)::int, sum(duplicate_count)::int,"
        " sum(rejected_count)::int FROM telecom_file WHERE source_id = ANY(%s)",
        ids["sources"],
    )
    assert counts == [(calls, FILES - 1, FILES)]
    figures = sql(
        "SELECT count(*), count(DISTINCT identity), min(rating_state)"
        " FROM telecom_call WHERE company_id = %s",
        ids["company"],
    )
    assert figures == [(calls, calls, "rated")]
