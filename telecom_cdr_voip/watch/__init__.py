# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The fraud watch: rules over sums of calls, whole tables at once.

Pure: no Odoo, no database, no clock. A table of sums has one row for each customer,
hour and place that calls were made to:

    customer     int64
    hour         datetime64, UTC, in which a local hour begins
    category     code, "" where unknown
    destination  int64, 0 where unknown
    country      int64, 0 where unknown
    calls        int64
    seconds      int64
    amount       int64, millionths of the company's currency
    short_<n>    int64, calls of at most n seconds, for each n of `rules.short_limits`

Rows may be split at will: what counts is their sum.
"""
