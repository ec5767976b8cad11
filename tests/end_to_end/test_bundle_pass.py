# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Allowances that one process deals out while another one stores calls."""

import time

PRICES = """
    SELECT bundle_duration, price::text FROM telecom_call
     WHERE company_id = %s ORDER BY start_at
"""
MARKS = "SELECT count(*) FROM telecom_bundle_pass WHERE company_id = %s"


def receive(worker, source, path, minute):
    """A file with one call of four seconds; ten a month are included."""
    path.write_text(f"2026-10-20 10:{minute:02}:00,910000000,600000001,4\n")
    return worker.run("upload", source=source, name=path.name, path=str(path))


def test_a_call_that_comes_while_its_period_is_dealt_out(workers, sql, folder) -> None:
    """It meets no mark that is about to go, so its seconds are included, too."""
    first, second = workers
    ids = first.run("prepare", name="Passes", customers=1)
    company, (source, *_others) = ids["company"], ids["sources"]
    first.run("give_bundle", company=company, partners=ids["partners"], price=0)
    one = receive(first, source, folder / "one.csv", 1)
    two = receive(first, source, folder / "two.csv", 2)
    assert first.run("process", file=one) is True
    assert sql(PRICES, company) == [(4, "0.000000")]
    first.start("deal_out", company=company, seconds=3)
    time.sleep(1)
    assert second.run("process_unpassed", file=two) is True
    assert first.result() == 0
    assert sql(MARKS, company) == [(1,)]
    assert second.run("deal_out", company=company) == 1
    assert sql(PRICES, company) == [(4, "0.000000"), (4, "0.000000")]
    assert sql(MARKS, company) == [(0,)]
