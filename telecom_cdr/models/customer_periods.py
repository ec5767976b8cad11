# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Months that begin on a customer's billing day, in Python and in SQL."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

LAST_BILLING_DAY = 28

# Billing day of the customer p (a commercial partner) of the company co.
BILLING_DAY = SQL(
    "COALESCE(NULLIF(p.telecom_billing_day, 0), co.telecom_billing_day, 1)"
)


def period_start(day: date, billing_day: int) -> date:
    """The first day of the period that a day is in."""
    moved = timedelta(days=billing_day - 1)
    return (day - moved).replace(day=1) + moved


def next_period(start: date) -> date:
    """The first day of the period after the one that begins on a day."""
    return start + relativedelta(months=1)


def last_cutoff(day: date, cutoff_day: int) -> date:
    """The last cut-off day until a day; a month without it has its last day.

    :param cutoff_day: day of the month, 31: the last one; 0: every day is one
    """
    if not cutoff_day:
        return day
    found = day + relativedelta(day=cutoff_day)
    return found if found <= day else day + relativedelta(months=-1, day=cutoff_day)


def following_end(first: date, last: date) -> date:
    """The last day of the month behind a period, on the same day of the month.

    A period that a shorter month has cut says the day by where it begins: of the 31st
    of January to the 28th of February it is the 30th.
    """
    ends_month = (last + timedelta(days=1)).day == 1
    if not ends_month:
        return last + relativedelta(months=1)
    day = 31 if first.day == 1 else max(last.day, (first - timedelta(days=1)).day)
    return last + relativedelta(months=1, day=day)


def period_start_sql(day: SQL, billing_day: SQL = BILLING_DAY) -> SQL:
    """:func:`period_start` as an SQL expression."""
    return SQL(
        "(date_trunc('month', %(day)s - (%(billing_day)s - 1))::date"
        " + (%(billing_day)s - 1))",
        day=day,
        billing_day=billing_day,
    )


def local_day_sql(moment: SQL) -> SQL:
    """The day of a stored moment in the billing time zone of the company co."""
    return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE co.telecom_tz)::date", moment)
