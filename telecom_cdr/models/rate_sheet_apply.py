# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Writes what a rate sheet changes, a few statements for all of it."""

import numpy as np
import pandas as pd
import pyarrow as pa

from odoo import models
from odoo.tools import SQL

from ..engine.rate_sheets.rate_plan import RatePlan
from ..engine.rate_sheets.targets import KINDS, NOTHING, TARGET
from . import copy_binary
from .call_table import Rows, copy_rows
from .copy_binary import Fixed
from .rate_sheet_bands import check_bands
from .rate_sheet_tables import METHOD_OF_SERVICE, target_columns

# Not taken over from the rate before: they are set, or are the database's.
OWN_COLUMNS = {
    "id", "tariff_id", "company_id", "service", "direction", *TARGET, "method",
    "price_per", "price", "connect_fee", "has_initial_price", "initial_price",
    "initial_increment", "increment", "minimum_duration", "grace", "is_allowed",
    "is_late_priced", "late_rule", "date_start", "date_end", "is_telecom_used",
    "active", "allow_negative", "create_uid", "create_date", "write_uid", "write_date",
    "sequence",
}  # fmt: skip
AMOUNTS = {
    "price": "price_nano", "connect_fee": "connect_nano",
    "initial_price": "initial_price_nano",
}  # fmt: skip
STEPS = {
    "initial_increment": "initial", "increment": "increment",
    "minimum_duration": "minimum_duration", "grace": "grace", "sequence": "sequence",
}  # fmt: skip
# What a mark says of the calls that a rate is for.
MARKED = ["prefix", "destination_id", "category"]
# So many of them are marked one by one; more of them as a whole.
FEW = 20


def write_plan(record: models.BaseModel, plan: RatePlan) -> None:
    """Make the tariff hold what the sheet says, in this transaction."""
    env = record.env
    env.flush_all()
    _lock(record)
    marks = _marks(record, plan)
    _end(env, plan)
    _withdraw(env, plan)
    if len(plan.inserts):
        _copy_inserts(env, plan.inserts)
        _insert_rates(record)
        _insert_tiers(env)
        check_bands(record)
    _delete_unused(env, plan)
    env.invalidate_all(flush=False)
    env["telecom.rating.mark"].sudo()._mark(marks)


def _lock(record: models.BaseModel) -> None:
    """Of two who change a tariff at a time, one fails and tries again."""
    record.env.cr.execute(
        SQL(
            "UPDATE telecom_tariff SET write_date = now() AT TIME ZONE 'UTC'"
            " WHERE id = %s",
            record.tariff_id.id,
        )
    )


def _end(env, plan: RatePlan) -> None:
    """End rates at a date."""
    env.cr.execute(
        SQL(
            "UPDATE telecom_rate r SET date_end = c.date_end,"
            " write_uid = %s, write_date = now() AT TIME ZONE 'UTC'"
            " FROM unnest(%s::int[], %s::timestamp[]) AS c (rate_id, date_end)"
            " WHERE r.id = c.rate_id",
            env.uid,
            plan.cuts["rate_id"].tolist(),
            _texts(plan.cuts["end"]),
        )
    )


def _withdraw(env, plan: RatePlan) -> None:
    """Take rates out of force for their whole period."""
    env.cr.execute(
        SQL(
            "UPDATE telecom_rate SET active = FALSE, write_uid = %s,"
            " write_date = now() AT TIME ZONE 'UTC' WHERE id = ANY(%s)",
            env.uid,
            plan.removals.tolist(),
        )
    )


def _delete_unused(env, plan: RatePlan) -> None:
    """Of those, what has priced nothing needs not be kept."""
    env.cr.execute(
        SQL(
            "DELETE FROM telecom_rate WHERE id = ANY(%s)"
            " AND is_telecom_used IS NOT TRUE",
            plan.removals.tolist(),
        )
    )


def _texts(moments: pd.Series) -> list[str]:
    """Moments as PostgreSQL reads them."""
    return [str(one).replace("T", " ") for one in moments.astype("datetime64[s]")]


def _copy_inserts(env, inserts: pd.DataFrame) -> None:
    """Put the rates to add into a table of this transaction."""
    env.cr.execute("DROP TABLE IF EXISTS telecom_rate_new")
    env.cr.execute(
        "CREATE TEMPORARY TABLE telecom_rate_new (new_id int4 DEFAULT"
        " nextval('telecom_rate_id_seq'), prefix varchar, destination_id int4,"
        " category varchar, time_band_id int4, calling_pattern varchar,"
        " called_pattern varchar, region_pattern varchar, base_id int4, price numeric,"
        " connect_fee numeric, initial_price numeric, initial_increment int4,"
        " increment int4, minimum_duration int4, grace int4, sequence int4,"
        " is_allowed bool, is_unpriced bool, date_start timestamp, date_end timestamp)"
        " ON COMMIT DROP"
    )
    base = inserts["base_rate_id"].to_numpy(np.int64)
    columns = {
        **_target_columns(inserts),
        "base_id": copy_binary.numbers(base, 4, base == 0),
        "is_allowed": copy_binary.flags(inserts["is_allowed"].to_numpy(bool)),
        "is_unpriced": copy_binary.flags(inserts["is_unpriced"].to_numpy(bool)),
        "date_start": moments(inserts["start"]),
        "date_end": moments(inserts["until"]),
        **{name: amounts(inserts[column]) for name, column in AMOUNTS.items()},
        **{
            name: copy_binary.numbers(inserts[column].to_numpy(np.int64), 4)
            for name, column in STEPS.items()
        },
    }
    copy_rows(env, "telecom_rate_new", Rows(*copy_binary.encode(columns)))
    env.cr.execute("ANALYZE telecom_rate_new")


def _target_columns(inserts: pd.DataFrame) -> dict:
    """What the rates are for; what names nothing as NULL."""
    columns = {}
    for name, nothing in NOTHING.items():
        if nothing == "":
            columns[name] = copy_binary.Text(text_array(inserts[name]))
        else:
            ids = inserts[name].to_numpy(np.int64)
            columns[name] = copy_binary.numbers(ids, 4, ids == nothing)
    return columns


def text_array(texts: pd.Series):
    """Texts as COPY takes them, the empty ones as NULL."""
    return pa.array([one or None for one in texts], pa.string())


def moments(values: pd.Series) -> Fixed:
    """Moments as COPY takes them."""
    found = values.to_numpy().astype("datetime64[s]")
    missing = np.isnat(found)
    filled = np.where(missing, np.datetime64("2000-01-01", "s"), found)
    return Fixed(copy_binary.moments(filled).data, missing)


def amounts(values: pd.Series, digits: int = 9) -> Fixed:
    """Scaled integers as COPY takes them."""
    missing = values.isna().to_numpy(bool)
    whole = values.fillna(0).to_numpy(np.int64)
    return copy_binary.decimals(whole, digits, missing)


def _insert_rates(record: models.BaseModel) -> None:
    """Add the rates; what the sheet does not say is as of the rate before."""
    rates = record.env["telecom.rate"]
    stored = [
        name
        for name, field in rates._fields.items()
        if field.store and field.column_type and name not in OWN_COLUMNS
    ]
    defaults = rates.default_get(stored)
    kept = [
        SQL("COALESCE(b.%s, %s)", SQL.identifier(name), defaults[name])
        if defaults.get(name) not in (None, False)
        else SQL.identifier("b", name)
        for name in stored
    ]
    tariff = record.tariff_id
    record.env.cr.execute(
        SQL(
            """
            INSERT INTO telecom_rate (
                id, tariff_id, company_id, service, direction, method, price_per,
                allow_negative, active, late_rule, sequence, %(target)s, price,
                connect_fee, has_initial_price, initial_price, initial_increment,
                increment, minimum_duration, grace, is_allowed, is_late_priced,
                date_start, date_end, create_uid, write_uid, create_date, write_date,
                %(names)s)
            SELECT n.new_id, %(tariff)s, %(company)s, %(service)s, %(direction)s,
                   %(method)s, 'minute', %(negative)s, TRUE, 'wait', n.sequence,
                   %(new_target)s, n.price, n.connect_fee,
                   n.initial_price IS NOT NULL,
                   COALESCE(n.initial_price, 0), n.initial_increment, n.increment,
                   n.minimum_duration, n.grace, n.is_allowed, n.is_unpriced,
                   n.date_start, n.date_end, %(uid)s, %(uid)s,
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', %(kept)s
              FROM telecom_rate_new n
         LEFT JOIN telecom_rate b ON b.id = n.base_id
            """,
            names=SQL(", ").join(map(SQL.identifier, stored)),
            target=SQL(", ").join(map(SQL.identifier, TARGET)),
            new_target=SQL(", ").join(SQL.identifier("n", name) for name in TARGET),
            kept=SQL(", ").join(kept),
            tariff=tariff.id,
            company=tariff.company_id.id,
            service=record.service,
            direction=record.direction,
            method=METHOD_OF_SERVICE[record.service],
            negative=tariff.allow_negative or False,
            uid=record.env.uid,
        )
    )


def _insert_tiers(env) -> None:
    """Give the rates the tiers of the rates that they follow."""
    names = [
        SQL.identifier(name)
        for name, field in env["telecom.rate.tier"]._fields.items()
        if field.store and field.column_type and name not in ("id", "rate_id")
    ]
    env.cr.execute(
        SQL(
            "INSERT INTO telecom_rate_tier (rate_id, %(names)s)"
            " SELECT n.new_id, %(values)s FROM telecom_rate_new n"
            " JOIN telecom_rate b ON b.id = n.base_id"
            " JOIN telecom_rate_tier x ON x.rate_id = b.id"
            " JOIN telecom_rate r ON r.id = n.new_id AND r.method = b.method",
            names=SQL(", ").join(names),
            values=SQL(", ").join(SQL("x.%s", name) for name in names),
        )
    )


def _marks(record: models.BaseModel, plan: RatePlan) -> list[dict]:
    """What calls are to be rated again: few marks for however many rates."""
    touched = pd.concat(
        [
            plan.inserts[[*TARGET, "start"]],
            _of_rates(record, plan.cuts.rename(columns={"end": "start"})),
            _of_rates(record, pd.DataFrame({"rate_id": plan.removals})),
        ],
        ignore_index=True,
    )
    if not len(touched):
        return []
    common = {
        "company_id": record.company_id.id,
        "tariff_id": record.tariff_id.id,
        "service": record.service,
        "direction": record.direction,
    }
    first = touched.assign(start=touched["start"].fillna(pd.Timestamp(0)))
    first = first.groupby(MARKED)["start"].min().reset_index()
    if len(first) <= FEW:
        return [
            {**common, **_marked(row), "date_start": _start(row["start"])}
            for row in first.to_dict("records")
        ]
    return [{**common, "date_start": _start(first["start"].min())}]


def _marked(row: dict) -> dict:
    """What a mark says of the calls of a row; nothing where it is for all of them."""
    return {name: row[name] for name in MARKED if row[name]}


def _start(moment: pd.Timestamp):
    return False if moment == pd.Timestamp(0) else moment.to_pydatetime()


def _of_rates(record: models.BaseModel, rates: pd.DataFrame) -> pd.DataFrame:
    """What rates that stand are for, and from which date something changes."""
    record.env.cr.execute(
        SQL(
            "SELECT r.id AS rate_id, %s, r.date_start AS own FROM telecom_rate r"
            " WHERE r.id = ANY(%s)",
            target_columns(),
            rates["rate_id"].tolist(),
        )
    )
    names = ["rate_id", *TARGET, "own"]
    found = pd.DataFrame(record.env.cr.fetchall(), columns=names)
    found = found.astype({"rate_id": "int64", "own": "datetime64[s]", **KINDS})
    table = rates.merge(found, "inner", "rate_id")
    if "start" not in table:
        table["start"] = table["own"]
    return table[[*TARGET, "start"]]
