# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
"""The calls page of a customer with very many calls against one with a hundred."""

import statistics
import time
from datetime import datetime, timedelta

from odoo import Command

from ..parameters import CallKey

FEW, MANY, ROUNDS = 100, 1_000_000, 21
START = datetime(2026, 7, 1)


def portal_growth(env, calls=MANY):
    """How the time of the page grows from a hundred calls to so many.

    Measured is all that the page asks and shows but for Odoo's own layout, which would
    only hide the difference: calls, count, numbers, texts. The worse of the first page
    and one in the middle counts. Leaves its data behind: give it a database that nobody
    needs.

    :return: ratio, and the figures behind it in milliseconds
    """
    few, many = (_customer(env, name, size) for name, size in _sizes(calls))
    env.cr.execute("ANALYZE telecom_call")
    figures = {}
    for name, middle in (("first page", None), ("middle", True)):
        for label, (portal, size) in (("few", few), ("many", many)):
            key = CallKey(_moment(size // 2), 0) if middle else None
            figures[f"{name}, {label}"] = _milliseconds(portal, key)
    ratios = [
        figures[f"{name}, many"] / figures[f"{name}, few"]
        for name in ("first page", "middle")
    ]
    return max(ratios), figures


def _sizes(calls):
    return (("Customer with few calls", FEW), ("Customer with many calls", calls))


def _customer(env, name, size):
    """A customer with a number, a portal user and so many calls; the user's portal."""
    partner = env["res.partner"].create({"name": name, "is_company": True})
    user = env["res.users"].create(
        {
            "name": name,
            "login": f"portal-benchmark-{partner.id}",
            "partner_id": partner.id,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            "company_id": env.company.id,
            "company_ids": [Command.set(env.company.ids)],
        }
    )
    _create_calls(env, partner, size)
    return env(user=user)["telecom.portal"], size


def _create_calls(env, partner, size):
    """Calls in the order of time, one each two seconds."""
    env.flush_all()
    env.cr.execute(
        """
        INSERT INTO telecom_call (company_id, carrier_id, partner_id, start_at, day,
               direction, service, rating_state, calling_number, called_number,
               duration, price, currency_id, category)
        SELECT %s, 1, %s, %s::timestamp + n * interval '2 seconds',
               (%s::timestamp + n * interval '2 seconds')::date, 'outgoing', 'voice',
               'rated', '+34910000001', '+346000' || (n %% 90000 + 10000), n %% 600,
               0.0123, %s, 'mobile'
          FROM generate_series(1, %s) n
        """,
        (env.company.id, partner.id, START, START, env.company.currency_id.id, size),
    )


def _moment(place):
    return START + timedelta(seconds=2 * place)


def _milliseconds(portal, key):
    """The median time of a page."""
    times = []
    for _round in range(ROUNDS):
        portal.env.invalidate_all()
        start = time.perf_counter()
        calls = portal._call_filter()
        page = portal._page(calls, key)
        portal._months(page.rows)
        portal._count(calls)
        portal._number_choices()
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 2)
