# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Real processes on a real database: what a kill, or somebody else, leaves behind."""

import os
import signal
import time
from datetime import datetime, timedelta
from decimal import Decimal

ROWS = 150_000
PATIENCE = 60.0
FIRST = datetime.fromisoformat("2026-10-01 00:00:00")


def row(index, caller=0):
    """A call of 60 s of a customer, at a second of its own: 0.06."""
    start = FIRST + timedelta(seconds=index * 10)
    return f"{start},910{caller:06},600000{index % 1000:03},60\n"


def balance(sql, file):
    """State of a file, its rows, and how many of them are accounted for."""
    return sql(
        "SELECT state, row_count, call_count + duplicate_count + skipped_count"
        " + merged_count + rejected_count FROM telecom_file WHERE id = %s",
        file,
    )[0]


def test_killed_in_the_middle_of_a_file(worker, workers, sql, folder) -> None:
    """What was committed stays, and the next process does the rest.

    Equal rows far apart and bad rows stand in both halves: they are numbered and
    counted through the whole file, whoever reads it.
    """
    twice = row(1)
    rows = [row(i % 250_000 + 1, i % 10) for i in range(ROWS)]
    rows[10] = rows[70_000] = rows[140_000] = twice
    rows[20] = rows[100_020] = "2026-02-31 10:00:00,910000001,600000099,60\n"
    path = folder / "big.csv"
    path.write_text("".join(rows))
    known = {text for text in rows if "02-31" not in text}
    expected = ROWS - 2
    assert len(known) < expected

    first, second = worker(), workers[1]
    first.wait_until_ready()
    ids = first.run("prepare", name="Killed", customers=10)
    file = first.run("upload", source=ids["sources"][0], name="big.csv", path=str(path))
    first.start("process", file=file)
    deadline = time.monotonic() + PATIENCE
    query = "SELECT count(*) FROM telecom_call WHERE file_id = %s"
    while not sql(query, file)[0][0]:
        assert time.monotonic() < deadline, "nothing was stored"
        time.sleep(0.005)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()

    stored = sql(query, file)[0][0]
    state, rows_read, accounted = balance(sql, file)
    assert state == "processing"
    assert 0 < stored < expected
    assert rows_read == accounted < ROWS

    assert second.run("process", file=file) is True
    assert balance(sql, file) == ("processed", ROWS, ROWS)
    counts = sql(
        "SELECT call_count, rejected_count, duplicate_count FROM telecom_file"
        " WHERE id = %s",
        file,
    )
    assert counts == [(expected, 2, 0)]
    figures = sql(
        "SELECT count(*), count(DISTINCT identity), sum(price)::text, min(rating_state)"
        " FROM telecom_call WHERE file_id = %s",
        file,
    )
    amount = str(Decimal("0.060000") * expected)
    assert figures == [(expected, expected, amount, "rated")]
    lines = "SELECT line_number FROM telecom_rejection WHERE file_id = %s ORDER BY 1"
    assert sql(lines, file) == [(21,), (100_021,)]


def test_two_processes_on_one_file(workers, sql, folder) -> None:
    """The one that comes second says so, and nothing is stored twice."""
    path = folder / "one.csv"
    path.write_text("".join(row(i) for i in range(30_000)))
    first, _second = workers
    ids = first.run("prepare", name="One file", customers=1)
    file = first.run("upload", source=ids["sources"][0], name="one.csv", path=str(path))
    for process in workers:
        process.start("process", file=file)
    results = [process.result() for process in workers]
    refused = [r["refused"] for r in results if isinstance(r, dict)]
    assert results.count(True) >= 1
    for text in refused:
        assert "One file 0 are being processed by somebody else" in text
    assert len(refused) == 1
    assert balance(sql, file) == ("processed", 30_000, 30_000)
    assert sql("SELECT count(*) FROM telecom_call WHERE file_id = %s", file) == [
        (30_000,)
    ]


def test_two_processes_collect_and_read_the_same_sources(workers, sql, folder) -> None:
    """Every file is fetched once and every call stored once."""
    files, rows = 6, 2_000
    for source in range(3):
        (folder / str(source)).mkdir()
        for number in range(files):
            path = folder / str(source) / f"{number}.csv"
            start = (source * files + number) * rows
            path.write_text("".join(row(start + i) for i in range(rows)))
            os.utime(path, (1_767_225_600, 1_767_225_600))
    first, _second = workers
    ids = first.run(
        "prepare", name="Collected", customers=1, folder=str(folder), sources=3
    )
    for step in ("collect_all", "process_all", "collect_all", "process_all"):
        for process in workers:
            process.start(step)
        for process in workers:
            assert process.result() is None
    _assert_collected(sql, ids, files, rows)


def test_two_people_press_collect_at_once(workers, sql, folder) -> None:
    """The same by the buttons, which do not wait for the scheduled action's turn."""
    files, rows = 20, 50
    (folder / "0").mkdir()
    for number in range(files):
        path = folder / "0" / f"{number}.csv"
        path.write_text("".join(row(number * rows + i) for i in range(rows)))
        os.utime(path, (1_767_225_600, 1_767_225_600))
    first, _second = workers
    ids = first.run("prepare", name="Pressed", customers=1, folder=str(folder))
    for process in workers:
        process.start("collect", sources=ids["sources"])
    said = [process.result() for process in workers]
    assert f"{files} new files came." in said
    (other,) = [words for words in said if words != f"{files} new files came."]
    assert other == "0 new files came." or "by somebody else" in other["refused"]
    first.run("process_all")
    _assert_collected(sql, ids, files, rows)


def _assert_collected(sql, ids, files, rows) -> None:
    sources = ids["sources"]
    found = sql(
        "SELECT source_id, name, count(*), min(state) FROM telecom_file"
        " WHERE source_id = ANY(%s) GROUP BY 1, 2",
        sources,
    )
    assert len(found) == files * len(sources)
    assert {(count, state) for _source, _name, count, state in found} == {
        (1, "processed")
    }
    calls = sql(
        "SELECT count(*), count(DISTINCT identity) FROM telecom_call"
        " WHERE company_id = %s",
        ids["company"],
    )
    assert calls == [(files * rows * len(sources),) * 2]


def test_two_processes_invoice_the_same_customers(workers, sql, folder) -> None:
    """Every call is on exactly one invoice, and so is every fee."""
    customers, calls = 20, 30
    path = folder / "calls.csv"
    path.write_text("".join(row(i, i % customers) for i in range(customers * calls)))
    first, second = workers
    ids = first.run("prepare", name="Invoiced", customers=customers + 1)
    partners = ids["partners"][-1:]
    first.run("give_bundle", price=5, company=ids["company"], partners=partners)
    file = first.run("upload", source=ids["sources"][0], name="c.csv", path=str(path))
    assert first.run("process", file=file) is True
    first.run("load_accounts", company=ids["company"])
    asked = {"company": ids["company"], "partners": ids["partners"]}
    for process in workers:
        process.start("invoice", **asked)
    results = [process.result() for process in workers]
    moves = [r for r in results if isinstance(r, list) and r]
    refused = [r["refused"] for r in results if isinstance(r, dict)]
    assert len(moves) == 1
    assert len(moves[0]) == customers + 1
    for text in refused:
        assert (
            "Somebody else has just invoiced" in text or "on an invoice already" in text
        )
    links = sql(
        "SELECT count(*), count(DISTINCT c.id), count(DISTINCT l.move_id)"
        " FROM telecom_call c JOIN telecom_call_invoice i ON i.call_id = c.id"
        " JOIN account_move_line l ON l.id = i.move_line_id WHERE c.company_id = %s",
        ids["company"],
    )
    assert links == [(customers * calls, customers * calls, customers)]
    totals = sql(
        "SELECT count(*), sum(amount_untaxed)::text FROM account_move"
        " WHERE company_id = %s",
        ids["company"],
    )
    assert totals == [(customers + 1, str(Decimal("0.06") * customers * calls + 5))]
    assert second.run("invoice", **asked) == []


def _begun_runs(first, name, folder, count):
    """A company with calls of 120 customers, and runs of them that have begun."""
    customers = 120
    path = folder / "calls.csv"
    path.write_text("".join(row(i, i % customers) for i in range(customers * 5)))
    ids = first.run("prepare", name=name, customers=customers)
    file = first.run("upload", source=ids["sources"][0], name="c.csv", path=str(path))
    assert first.run("process", file=file) is True
    company = ids["company"]
    first.run("load_accounts", company=company)
    runs = [first.run("start_run", company=company) for _i in range(count)]
    return company, runs


def _assert_invoiced_once(sql, company) -> None:
    links = sql(
        "SELECT count(*), count(DISTINCT c.id), count(DISTINCT l.move_id),"
        " count(DISTINCT m.partner_id), sum(c.price)::text"
        " FROM telecom_call c JOIN telecom_call_invoice i ON i.call_id = c.id"
        " JOIN account_move_line l ON l.id = i.move_line_id"
        " JOIN account_move m ON m.id = l.move_id WHERE c.company_id = %s",
        company,
    )
    assert links == [(600, 600, 120, 120, str(Decimal("0.060000") * 600))]
    moves = sql("SELECT count(*) FROM account_move WHERE company_id = %s", company)
    assert moves == [(120,)]


def test_two_processes_work_on_two_runs(workers, sql, folder) -> None:
    """The same customers in two runs at once: each call is on one invoice."""
    first, _second = workers
    company, runs = _begun_runs(first, "Runs", folder, 2)
    for process in workers:
        process.start("work_on_runs")
    assert [process.result() for process in workers] == [None, None]
    first.run("work_on_runs")
    states = sql(
        "SELECT state, count(*) FROM telecom_run_customer WHERE run_id = ANY(%s)"
        " GROUP BY 1 ORDER BY 1",
        runs,
    )
    assert states == [("invoiced", 120), ("nothing", 120)]
    works = sql("SELECT state, work FROM telecom_run WHERE id = ANY(%s)", runs)
    assert works == [("invoiced", None)] * 2
    _assert_invoiced_once(sql, company)


def test_a_run_killed_between_two_batches(worker, workers, sql, folder) -> None:
    """What was committed stands, and another process does the rest."""
    victim = worker()
    victim.wait_until_ready()
    company, [run] = _begun_runs(victim, "Killed run", folder, 1)
    victim.start("work_on_runs")
    query = "SELECT count(*) FROM telecom_run_customer WHERE run_id = %s AND state = %s"
    deadline = time.monotonic() + PATIENCE
    while not sql(query, run, "invoiced")[0][0]:
        assert time.monotonic() < deadline, "nothing was invoiced"
        time.sleep(0.005)
    victim.kill()
    done = sql(query, run, "invoiced")[0][0]
    assert 0 < done < 120
    moves = sql("SELECT count(*) FROM account_move WHERE telecom_run_id = %s", run)
    assert moves == [(done,)]
    workers[0].run("work_on_runs")
    assert sql("SELECT state FROM telecom_run WHERE id = %s", run) == [("invoiced",)]
    _assert_invoiced_once(sql, company)


def test_prices_do_not_change_under_an_invoice(workers, sql, folder) -> None:
    """Rating and invoicing the same calls at once: the line is the sum of its calls."""
    for name, steps, calls_say, line_says in (
        ("Rated first", ("rate_slowly", "invoice"), "1.200000", "1.20"),
        ("Invoiced first", ("invoice_slowly", "rate_slowly"), "0.600000", "0.60"),
    ):
        first, second = workers
        path = folder / "calls.csv"
        path.write_text("".join(row(i) for i in range(10)))
        ids = first.run("prepare", name=name, customers=1)
        company, partners = ids["company"], ids["partners"]
        source = ids["sources"][0]
        file = first.run("upload", source=source, name="c.csv", path=str(path))
        assert first.run("process", file=file) is True
        first.run("load_accounts", company=company)
        first.run("raise_prices", company=company, price=0.12)
        values = {
            "rate_slowly": {"company": company, "seconds": 2},
            "invoice": {"company": company, "partners": partners},
            "invoice_slowly": {"company": company, "partners": partners, "seconds": 2},
        }
        first.start(steps[0], **values[steps[0]])
        time.sleep(1)
        second.start(steps[1], **values[steps[1]])
        results = [first.result(), second.result()]
        assert [r for r in results if isinstance(r, dict)] == []
        found = sql(
            "SELECT sum(c.price)::text, min(l.price_subtotal)::numeric(10, 2)::text,"
            " count(*) FROM telecom_call c JOIN telecom_call_invoice i"
            " ON i.call_id = c.id JOIN account_move_line l ON l.id = i.move_line_id"
            " WHERE c.company_id = %s",
            company,
        )
        assert found == [(calls_say, line_says, 10)]
