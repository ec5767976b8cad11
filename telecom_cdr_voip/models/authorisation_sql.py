# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is read for an answer to a switch: one query for its facts, one for money."""

from datetime import datetime

from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.customer_periods import (
    local_day_sql,
    period_start_sql,
)
from odoo.addons.telecom_cdr.models.dispute_sql import GRANTED

# How long an ended call waits for its record before it counts no more.
DAYS_WAITED = 3
# How long a switch may repeat a question (seconds); it waits about 4 for an answer.
REPEATED = 10
# By how much the clocks of switch and carrier may differ.
SKEW = 30

# The day of a call ``u`` that is not stored yet: the limits of that day count it.
BEGAN = local_day_sql(SQL("u.started_at"))

# The tables that prices are loaded from, and the columns whose change is none to them.
PRICE_TABLES = (
    "res_currency_rate",
    "telecom_bundle",
    "telecom_bundle_allowance",
    "telecom_bundle_allowance_telecom_call_category_rel",
    "telecom_bundle_allowance_telecom_destination_rel",
    "telecom_bundle_allowance_telecom_prefix_rel",
    "telecom_bundle_carry",
    "telecom_bundle_subscription",
    "telecom_bundle_subscription_telecom_number_rel",
    "telecom_bundle_topup",
    "telecom_carrier",
    "telecom_class_membership",
    "telecom_destination",
    "telecom_discount_assignment",
    "telecom_discount_line",
    "telecom_earlier_tariff",
    "telecom_holiday",
    "telecom_ignore_rule",
    "telecom_number",
    "telecom_prefix",
    "telecom_rate",
    "telecom_rate_tier",
    "telecom_tariff",
    "telecom_tariff_assignment",
    "telecom_time_band",
    "telecom_time_band_line",
)
# Of these, only what calls are priced by.
PRICE_COLUMNS = {
    "res_company": ("telecom_tariff_id", "telecom_tz", "telecom_billing_day",
                    "currency_id", "partner_id", "telecom_call_seconds"),
    "res_partner": ("telecom_billing_day", "telecom_currency_id", "country_id",
                    "commercial_partner_id"),
}  # fmt: skip
NO_CHANGE = ("is_telecom_used", "write_date", "write_uid")

CREATE_VERSION = """
    CREATE TABLE IF NOT EXISTS telecom_price_version (
        id bigserial PRIMARY KEY,
        changed_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
    );
    CREATE OR REPLACE FUNCTION telecom_price_changed() RETURNS trigger AS $$
    BEGIN
        INSERT INTO telecom_price_version DEFAULT VALUES;
        RETURN NULL;
    END $$ LANGUAGE plpgsql;
"""
# Differs from all it was before, for whoever sees the change: rows appear with their
# transaction, in whatever order these end.
VERSION = SQL(
    "(SELECT concat_ws('.', count(*), max(id), sum(id)) FROM telecom_price_version)"
)
FORGET_VERSIONS = """
    DELETE FROM telecom_price_version
     WHERE id < (SELECT max(id) FROM telecom_price_version)
       AND changed_at < (now() AT TIME ZONE 'UTC') - interval '1 hour'
"""


def price_trigger(table: str, columns: list[str]) -> SQL:
    """Statements that note each change of a table, or of some columns of it."""
    name = SQL.identifier(f"{table}_price")
    return SQL(
        "DROP TRIGGER IF EXISTS %(name)s ON %(table)s;"
        " CREATE TRIGGER %(name)s AFTER %(events)s UPDATE OF %(columns)s ON %(table)s"
        " FOR EACH STATEMENT EXECUTE FUNCTION telecom_price_changed()",
        name=name,
        table=SQL.identifier(table),
        events=SQL("" if table in PRICE_COLUMNS else "INSERT OR DELETE OR TRUNCATE OR"),
        columns=SQL(", ").join(SQL.identifier(column) for column in columns),
    )


_NUMBER = SQL(
    """
    SELECT n.id, n.number, n.carrier_id, holder.commercial_partner_id AS partner_id,
           COALESCE(n.date_start <= now.at, TRUE)
               AND COALESCE(n.date_end > now.at, TRUE)
               AND NOT COALESCE(n.is_suspended, FALSE) AS is_active
      FROM telecom_number n
      JOIN res_partner holder ON holder.id = n.partner_id
    """
)


def facts_query(switch_id: int, login: str, now: datetime) -> SQL:
    """What a switch and one of its accounts are now, and the account's numbers."""
    return SQL(
        """
        WITH now (at) AS (SELECT %(now)s::timestamp)
        SELECT s.key_hash, s.allowed_networks, s.rate_limit, s.time_reserved,
               s.active AS is_switch_active, s.company_id, co.telecom_call_seconds,
               co.telecom_end_calls, co.telecom_unblocked_numbers,
               COALESCE(k.code, 'ES') AS country, %(version)s AS version,
               a.id AS account_id, a.state AS account_state, a.partner_id,
               a.caller_number_id,
               ARRAY(SELECT w.network FROM telecom_sip_network w
                      WHERE w.account_id = a.id) AS networks,
               (SELECT json_agg(x) FROM (%(number)s
                  JOIN telecom_number_telecom_sip_account_rel r
                    ON r.telecom_number_id = n.id
                 CROSS JOIN now
                 WHERE r.telecom_sip_account_id = a.id ORDER BY n.id) x) AS numbers
          FROM telecom_switch s
          JOIN res_company co ON co.id = s.company_id
          JOIN res_partner cp ON cp.id = co.partner_id
     LEFT JOIN res_country k ON k.id = cp.country_id
     LEFT JOIN telecom_sip_account a
            ON a.switch_id = s.id AND a.login = %(login)s AND a.active
         WHERE s.id = %(switch)s
        """,
        now=now,
        version=VERSION,
        number=_NUMBER,
        login=login,
        switch=switch_id,
    )


def number_query(company_id: int, number: str, now: datetime) -> SQL:
    """A telephone number of ours, as it is held now, and whether it may call at all."""
    return SQL(
        """
        WITH now (at) AS (SELECT %(now)s::timestamp)
        SELECT x.*, %(is_stopped)s AS is_stopped
          FROM (%(number)s CROSS JOIN now
         WHERE n.company_id = %(company)s AND n.scope_id = 0 AND n.number = %(called)s
         ORDER BY is_active DESC, n.id DESC LIMIT 1) x
        """,
        now=now,
        number=_NUMBER,
        company=company_id,
        called=number,
        is_stopped=_is_stopped(company_id),
    )


def _is_stopped(company_id: int) -> SQL:
    """SQL: no account may call from the number ``x``; then nothing else calls for it.

    Its accounts are blocked, or the fraud watch has blocked those of the customer.
    """
    return SQL(
        """
        (EXISTS (SELECT FROM telecom_sip_account a
                  WHERE a.partner_id = x.partner_id AND a.company_id = %s AND a.active
                    AND a.state = 'blocked' AND a.fraud_alert_id IS NOT NULL)
         OR (SELECT bool_and(a.state <> 'active') FROM telecom_sip_account a
               JOIN telecom_number_telecom_sip_account_rel r
                 ON r.telecom_sip_account_id = a.id
              WHERE r.telecom_number_id = x.id AND a.active
                AND a.partner_id = x.partner_id) IS TRUE)
        """,
        company_id,
    )


def rules_query(company_id: int, partner_id: int, number_id: int) -> SQL:
    """Blocks and limits of a customer and number; the limits are locked.

    Nobody else reserves of them until this transaction ends. What is reserved must be
    read in a statement that begins after this one.
    """
    return SQL(
        """
        WITH locked AS (
            SELECT l.id FROM telecom_limit l
             WHERE l.company_id = %(company)s AND l.partner_id = %(partner)s
               AND l.active AND l.is_blocking
               AND COALESCE(l.number_id, %(number)s) = %(number)s
          ORDER BY l.id FOR UPDATE
        )
        SELECT (SELECT json_agg(b) FROM (
                    SELECT b.id, COALESCE(b.number_id, 0) AS number_id, b.kind,
                           COALESCE(b.category, '') AS category,
                           COALESCE(b.destination_id, 0) AS destination_id,
                           COALESCE(b.prefix, '') AS prefix
                      FROM telecom_block b
                     WHERE b.company_id = %(company)s AND b.active
                       AND COALESCE(b.partner_id, %(partner)s) = %(partner)s
                       AND COALESCE(b.number_id, %(number)s) = %(number)s
                  ORDER BY b.id) b),
               ARRAY(SELECT id FROM locked)
        """,
        company=company_id,
        partner=partner_id,
        number=number_id,
    )


def rest_query(
    limit_ids: list[int], now: datetime, switch_id: int, reference: str
) -> SQL:
    """What limits have: amount, currency, and what calls took of it by currency.

    :param reference: the call of the switch that is asked for, which does not count
    """
    return SQL(
        """
        SELECT l.id, l.amount::text, l.currency_id,
               (SELECT json_agg(json_build_array(x.currency_id, x.amount)) FROM (
                   SELECT c.currency_id, sum(c.price)::text AS amount
                     FROM telecom_call c
                    WHERE c.partner_id = l.partner_id AND c.company_id = l.company_id
                      AND c.start_at >= span.first - interval '1 day'
                      AND c.day >= span.first AND c.rating_state = 'rated'
                      AND NOT %(granted)s
                      AND COALESCE(l.number_id = c.number_id, l.number_id IS NULL)
                 GROUP BY c.currency_id
                UNION ALL
                   SELECT u.currency_id, sum(u.reserved)::text AS amount
                     FROM telecom_call_underway u
                    WHERE u.partner_id = l.partner_id AND u.company_id = l.company_id
                      AND COALESCE(l.number_id = u.number_id, l.number_id IS NULL)
                      AND (u.switch_id, u.reference) <> (%(switch)s, %(reference)s)
                      AND %(began)s >= span.first AND %(counts)s
                 GROUP BY u.currency_id) x)
          FROM telecom_limit l
               %(span)s
         WHERE l.id = ANY(%(ids)s)
        """,
        began=BEGAN,
        granted=GRANTED,
        counts=counts_still(now),
        span=limit_span(now),
        ids=limit_ids,
        switch=switch_id,
        reference=reference,
    )


def limit_span(now: datetime) -> SQL:
    """SQL of joins to limits ``l``: the first day of their period, ``span.first``."""
    return SQL(
        """
          JOIN res_partner p ON p.id = l.partner_id
          JOIN res_company co ON co.id = l.company_id
    CROSS JOIN LATERAL (SELECT %(today)s AS day) today
    CROSS JOIN LATERAL (SELECT CASE l.period WHEN 'day' THEN today.day
                                    ELSE %(period)s END AS first) span
        """,
        today=local_day_sql(SQL("%s::timestamp", now)),
        period=period_start_sql(SQL("today.day")),
    )


def counts_still(now: datetime) -> SQL:
    """Whether a call ``u`` takes of limits what no record of it tells of yet."""
    return SQL(
        """
        u.reserved > 0 AND u.settled_at IS NULL AND CASE WHEN u.ended_at IS NULL
             THEN u.expires_at > %(now)s::timestamp
             ELSE u.ended_at > %(now)s::timestamp - %(waited)s * interval '1 day'
                  AND NOT %(recorded)s END
        """,
        now=now,
        waited=DAYS_WAITED,
        recorded=is_recorded(),
    )


def is_recorded() -> SQL:
    """Whether the record of an ended call ``u`` has come, and counts itself."""
    return SQL(
        """
        EXISTS (SELECT FROM telecom_call r
                 WHERE r.partner_id = u.partner_id AND r.number_id = u.number_id
                   AND r.start_at >= u.started_at - %(skew)s * interval '1 second'
                   AND r.start_at <= u.ended_at + %(skew)s * interval '1 second'
                   AND r.direction <> 'incoming'
                   AND r.rating_state NOT IN ('unrated', 'late')
                   AND starts_with(u.called, rtrim(r.called_number, 'xX')))
        """,
        skew=SKEW,
    )


REDIRECTS = """
    WITH RECURSIVE reached (number_id, step) AS (
        SELECT %(number)s::integer, 0
         UNION
        SELECT n.id, reached.step + 1
          FROM reached
          JOIN telecom_redirect r ON r.number_id = reached.number_id AND r.active
          JOIN telecom_number n ON n.number = r.target AND n.scope_id = 0
           AND n.company_id = r.company_id
           AND COALESCE(n.date_start <= %(now)s, TRUE)
           AND COALESCE(n.date_end > %(now)s, TRUE)
         WHERE reached.step < %(steps)s
    )
    SELECT DISTINCT r.number_id, own.number, r.sequence, r.id, r.condition,
           r.after_seconds, r.target, r.hour_from, r.hour_to,
           ARRAY[r.on_monday, r.on_tuesday, r.on_wednesday, r.on_thursday, r.on_friday,
                 r.on_saturday, r.on_sunday] AS days,
           COALESCE(p.tz, co.telecom_tz) AS zone
      FROM reached
      JOIN telecom_redirect r ON r.number_id = reached.number_id AND r.active
      JOIN telecom_number own ON own.id = r.number_id
      JOIN res_company co ON co.id = own.company_id
      JOIN res_partner holder ON holder.id = own.partner_id
      JOIN res_partner p ON p.id = holder.commercial_partner_id AND p.id = r.partner_id
  ORDER BY r.number_id, r.sequence, r.id
"""


def redirects_query(number_id: int, now: datetime, steps: int) -> SQL:
    """The redirections of a number, and of the numbers of ours that they lead to."""
    return SQL(REDIRECTS, number=number_id, now=now, steps=steps)


RING = """
    SELECT a.login FROM telecom_sip_account a
      JOIN telecom_number_telecom_sip_account_rel r ON r.telecom_sip_account_id = a.id
     WHERE r.telecom_number_id = %(number)s AND a.switch_id = %(switch)s
       AND a.active AND a.state = 'active' AND a.partner_id = %(partner)s
  ORDER BY a.login
"""


def ring_query(number_id: int, partner_id: int, switch_id: int) -> SQL:
    """The logins at a switch where a number rings, of the customer who holds it."""
    return SQL(RING, number=number_id, partner=partner_id, switch=switch_id)


def reserve_query(values: dict[str, object]) -> SQL:
    """Note a call under way, and tell its longest duration.

    A question that is repeated finds the call as it was noted. No row where the
    reference is that of another call, of one that has ended, or of one long asked for.
    """
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        INSERT INTO telecom_call_underway AS u (%(names)s, create_date, write_date)
        VALUES (%(values)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
            ON CONFLICT (switch_id, reference) DO UPDATE
           SET write_date = EXCLUDED.write_date
         WHERE u.ended_at IS NULL
           AND u.account_id IS NOT DISTINCT FROM EXCLUDED.account_id
           AND u.number_id = EXCLUDED.number_id AND u.called = EXCLUDED.called
           AND u.started_at
               > EXCLUDED.started_at - %(repeated)s * interval '1 second'
        RETURNING max_duration
        """,
        repeated=REPEATED,
        names=SQL(", ").join(names),
        values=SQL(", ").join(SQL("%s", value) for value in values.values()),
    )


def extend_query(values: dict[str, object]) -> SQL:
    """Note what a call that goes on has reserved now."""
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        UPDATE telecom_call_underway
           SET (%(names)s) = ROW (%(values)s), write_date = now() AT TIME ZONE 'UTC'
         WHERE (switch_id, reference) = (%(switch)s, %(reference)s)
           AND ended_at IS NULL
     RETURNING max_duration
        """,
        names=SQL(", ").join(names),
        values=SQL(", ").join(SQL("%s", value) for value in values.values()),
        switch=values["switch_id"],
        reference=values["reference"],
    )


def underway_draws_query(partner_id: int, now: datetime) -> SQL:
    """What calls under way take of the bundles of a customer."""
    return SQL(
        """
        SELECT u.switch_id, u.reference, u.draws FROM telecom_call_underway u
         WHERE u.partner_id = %(partner)s
           AND u.draws IS NOT NULL AND u.settled_at IS NULL
           AND CASE WHEN u.ended_at IS NULL THEN u.expires_at > %(now)s::timestamp
                    ELSE u.ended_at > %(now)s::timestamp - %(waited)s * interval '1 day'
                         AND NOT %(recorded)s END
        """,
        partner=partner_id,
        now=now,
        waited=DAYS_WAITED,
        recorded=is_recorded(),
    )
