# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices and invoices of a customer change one after the other, never at once."""

from collections.abc import Iterable

from odoo import api
from odoo.tools import SQL


def create_guards(env: api.Environment) -> None:
    """Make the table of turns: one row a customer."""
    env.cr.execute(
        "CREATE TABLE IF NOT EXISTS telecom_price_guard"
        " (partner_id integer PRIMARY KEY, turn integer NOT NULL)"
    )


def guard_customers(env: api.Environment, partner_ids: Iterable[int]) -> None:
    """Take the customers' turn until the transaction ends.

    Invoicing adds up the prices of calls and links the calls; rating writes prices to
    calls without a link. Neither sees the other's rows, so both write to this one: who
    comes second waits, then fails and is repeated on what the first has left.
    """
    env.cr.execute(
        SQL(
            "INSERT INTO telecom_price_guard AS g (partner_id, turn)"
            " SELECT p, 0 FROM unnest(%s::int[]) AS p ORDER BY p"
            " ON CONFLICT (partner_id) DO UPDATE SET turn = (g.turn + 1) %% 1000000",
            sorted({int(one) for one in partner_ids}),
        )
    )
