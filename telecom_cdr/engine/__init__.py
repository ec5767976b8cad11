# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Call facts and tariff data in, matched and priced calls out, by whole tables.

Nothing here imports `odoo`, opens a file or a connection, or reads a clock or a
setting; everything is an argument.  Tables are pandas DataFrames with one row a call.
Results keep the index of the calls they belong to.
"""
