# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Invoices with many calls, and how long their PDF with the call detail takes."""

import base64
import resource
import sys
import time
from datetime import date, datetime, timedelta

from bench_calls import HEADER

from odoo import api, models
from odoo.tools import SQL

# Calls of one invoice, in a month of their own each: so many, and ten times as many.
FEW, TIMES = 2_000, 10
MONTHS = (date(2026, 7, 1), date(2026, 8, 1))
CALLER = "+34930000000"


def annex_figures(
    env: api.Environment, source: models.BaseModel
) -> tuple[float, dict[str, float]]:
    """Print the invoice of one customer for a month of few calls, and one of many.

    :param source: of the calls' files
    :return: how many times longer a call takes on the second; and of both the seconds,
        and the most memory (MiB) of Odoo and of the program that makes the PDF
    """
    customer = env["res.partner"].create({"name": "Customer of long bills"})
    env["telecom.number"].create(
        {
            "number": CALLER,
            "carrier_id": source.carrier_id.id,
            "partner_id": customer.id,
        }
    )
    figures = {}
    for month, calls in zip(MONTHS, (FEW, FEW * TIMES), strict=True):
        _receive(env, source, month, calls)
        last = month + timedelta(days=30)
        moves = env["telecom.invoicing"]._invoice(customer, month, last)
        assert moves.telecom_call_count == calls, moves.read()
        moves.action_post()
        env.cr.commit()
        name = f"annex of {calls:,} calls"
        figures[name] = _print(env, moves)
        print(f"  {name}: {figures[name]:.2f} s", file=sys.stderr, flush=True)
    few, many = figures.values()
    _forget(env, customer)
    return many / few / TIMES, {**figures, **_peaks()}


def _receive(
    env: api.Environment, source: models.BaseModel, month: date, calls: int
) -> None:
    """Store and rate the calls of a month, as far apart as they can be."""
    first = datetime(month.year, month.month, month.day)  # noqa: DTZ001 as in files
    step = timedelta(days=30) / calls
    lines = [
        f"{(first + n * step):%Y-%m-%d %H:%M:%S},{CALLER},+34600{n:06},60,0.01,bench\n"
        for n in range(calls)
    ]
    file = env["telecom.file"].create(
        {
            "source_id": source.id,
            "name": f"annex-{month}.csv",
            "content": base64.b64encode(HEADER + "".join(lines).encode()),
        }
    )
    file.action_process()


def _print(env: api.Environment, move: models.BaseModel) -> float:
    """Seconds of the PDF of an invoice with its call detail."""
    reports = env["ir.actions.report"].with_context(force_report_rendering=True)
    start = time.perf_counter()
    content, kind = reports._render_qweb_pdf("account.account_invoices", move.ids)
    assert kind == "pdf", kind
    assert content.startswith(b"%PDF"), content[:20]
    return time.perf_counter() - start


def _peaks() -> dict[str, float]:
    who = {"Odoo": resource.RUSAGE_SELF, "PDF": resource.RUSAGE_CHILDREN}
    return {
        f"annex peak MiB, {name}": resource.getrusage(kind).ru_maxrss / 1024
        for name, kind in who.items()
    }


def _forget(env: api.Environment, customer: models.BaseModel) -> None:
    """Leave only the calls that other figures are taken of."""
    env.cr.execute(
        SQL(
            "DELETE FROM telecom_call_invoice i USING telecom_call c"
            " WHERE c.id = i.call_id AND c.partner_id = %s",
            customer.id,
        )
    )
    env.cr.execute(SQL("DELETE FROM telecom_call WHERE partner_id = %s", customer.id))
    env.cr.commit()
    env.invalidate_all()
