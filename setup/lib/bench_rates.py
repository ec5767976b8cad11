# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tariffs of many rates: how long they take to come in, and to rate by."""

import base64
import time
from collections.abc import Iterator

from odoo import api

FEW, MANY = 1_000, 100_000
# Where the calls of the benchmark go to.
BEGINNINGS = ("346", "349", "4420", "331")
# Behind them the numbers of these calls go on with 1000000 to 9999999.
FIRST_DIGITS = {FEW: 100, MANY: 10_000}


def import_rates(env: api.Environment, count: int, cents: int) -> tuple:
    """A tariff whose rates come from a file of so many; and how long that took.

    All is as a person does it, preview and application, but without the background.
    """
    tariff = env["telecom.tariff"].create({"name": f"{count} rates"})
    lines = "\n".join(f"{prefix},0.{cents:02}" for prefix in _prefixes(count))
    sheet = env["telecom.rate.sheet"].create(
        {
            "tariff_id": tariff.id,
            "content": base64.b64encode(f"Prefix,Rate\n{lines}\n".encode()),
            "content_name": "rates.csv",
            "date_start": "2020-01-01 00:00:00",
        }
    )
    start = time.perf_counter()
    for work in ("preview", "apply"):
        sheet.work = work
        sheet._work_through()
        env.flush_all()
    seconds = time.perf_counter() - start
    assert len(tariff.rate_ids) == count, sheet.read()
    env.cr.commit()
    return tariff, seconds


def _prefixes(count: int) -> Iterator[str]:
    """So many prefixes: the beginnings, and numbers behind them."""
    share = count // len(BEGINNINGS)
    for beginning in BEGINNINGS:
        yield beginning
        for number in range(share - 1):
            yield f"{beginning}{FIRST_DIGITS[count] + number}"


def rate_by(env: api.Environment, tariff) -> None:
    """Rate all calls by a tariff, its loading included."""
    env.company.telecom_tariff_id = tariff
    env["telecom.rating.mark"].search([]).unlink()
    env.cr.commit()
    changed = env["telecom.rating"]._rate_again([], env.company)
    env.cr.commit()
    assert changed, "no call got another price"
