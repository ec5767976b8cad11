# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rentals of two months, and how long the report of their drift takes."""

import sys
import time

from odoo import api, models

CHARGES = 20_000
# What is charged for one number: of ten, one of each of these drifts in February.
ENDED, DEARER, OVERLAPPING, UNPAID = range(4)
OWN_CHARGE_EACH = 5


def drift_figures(
    env: api.Environment, carrier: models.BaseModel, charges: int = CHARGES
) -> tuple[float, dict[str, float]]:
    """Open the report of so many charges, then of twice as many; nothing stays.

    :param carrier: the one that charges them; it has a file at least
    :return: how many times longer the second takes, and both in seconds
    """
    samples = _samples(env, carrier)
    seconds = {}
    for size in (charges, 2 * charges):
        _add_charges(env, samples, charges // 2)
        name = f"drift of {size:,} charges"
        seconds[name] = _open_report(env)
        print(f"  {name}: {seconds[name]:.2f} s", file=sys.stderr, flush=True)
    env.cr.rollback()
    env.invalidate_all()
    single, double = seconds.values()
    return double / single, seconds


def _samples(env: api.Environment, carrier: models.BaseModel) -> list[models.BaseModel]:
    """A number, a charge for it and an own charge for it: the others are like these."""
    customer = env["res.partner"].create({"name": "Customer of rentals"})
    number = env["telecom.number"].create(
        {
            "number": "+34920000000",
            "carrier_id": carrier.id,
            "partner_id": customer.id,
        }
    )
    charge = env["telecom.charge"].create(
        {
            "company_id": env.company.id,
            "carrier_id": carrier.id,
            "file_id": env["telecom.file"].search([], limit=1).id,
            "identity": "sample",
            "reference": "sample",
            "product_code": "LR01",
            "kind": "recurring",
            "period_from": "2025-01-01",
            "period_to": "2025-01-31",
            "quantity": 1,
            "unit_cost": 10,
            "cost": 10,
            "cost_currency_id": env.company.currency_id.id,
            "number_id": number.id,
            "partner_id": customer.id,
            "price": 15,
            "currency_id": env.company.currency_id.id,
            "settled_state": "ready",
        }
    )
    own = env["telecom.own.charge"].create(
        {
            "name": "Line rental",
            "partner_id": customer.id,
            "product_id": env["product.product"].search([], limit=1).id,
            "number_id": number.id,
            "price": 20,
            "date_start": "2026-01-01",
        }
    )
    env.flush_all()
    return [number, charge, own]


def _add_charges(
    env: api.Environment, samples: list[models.BaseModel], count: int
) -> None:
    """So many numbers more, each charged in January and February."""
    number, charge, own = samples
    env.cr.execute("SELECT count(*) FROM telecom_number")
    [first] = env.cr.fetchone()
    each = f"generate_series({first}, {first + count - 1}) AS g"
    digits = "'+3492' || lpad(g::text, 7, '0')"
    places = "SELECT id, right(number, 7)::int AS g FROM telecom_number"
    ours = f"({places} WHERE number LIKE '+3492%%') n WHERE n.g >= {first}"
    months = f"generate_series(0, 1) AS month, {ours}"
    drifting = f"month = 1 AND g %% 10 = {ENDED}"
    _copy(env, number, each, {"number": digits})
    _copy(
        env,
        charge,
        f"{months} AND NOT ({drifting})",
        {
            "identity": "'bench ' || g || ' ' || month",
            "reference": "g::text",
            "number_id": "n.id",
            "period_from": "(DATE '2026-01-01' + month * INTERVAL '1 month')::date"
            f" - CASE WHEN g %% 10 = {OVERLAPPING} THEN 5 * month ELSE 0 END",
            "period_to": "(DATE '2026-02-01' + month * INTERVAL '1 month')::date - 1",
            "unit_cost": f"10 + CASE WHEN g %% 10 = {DEARER} THEN month ELSE 0 END",
            "state": f"CASE WHEN g %% 10 = {UNPAID} THEN 'unmatched' ELSE 'ready' END",
        },
    )
    _copy(env, own, f"{ours} AND g %% {OWN_CHARGE_EACH} = 0", {"number_id": "n.id"})
    env.cr.execute("ANALYZE telecom_number, telecom_charge, telecom_own_charge")


def _copy(
    env: api.Environment,
    sample: models.BaseModel,
    source: str,
    others: dict[str, str],
) -> None:
    """Add a row like a sample for each row of a source.

    :param others: SQL of the columns that are not those of the sample
    """
    cr, table = env.cr, sample._table
    cr.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attname <> 'id'",
        [table],
    )
    columns = [name for (name,) in cr.fetchall()]
    values = [others.get(name, f"s.{name}") for name in columns]
    cr.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
        f" FROM (SELECT * FROM {table} WHERE id = %s) s CROSS JOIN {source}",
        [sample.id],
    )


def _open_report(env: api.Environment) -> float:
    """Seconds that the list takes: its first page, its count, and its groups."""
    report = env["telecom.fee.drift"]
    names = ["month", "cause", "reference", "number_id", "partner_id", "cost", "price"]
    start = time.perf_counter()
    report.search_fetch([], names, limit=80)
    report.search_count([])
    report._read_group([], ["cause"], ["__count", "cost:sum"])
    return time.perf_counter() - start
