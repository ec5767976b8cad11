# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bytes to rows, rows to clean call facts.

Imports nothing of Odoo, asks no database, reads no clock and no setting: everything
is an argument. `reader` is the way in, `formats` says how a file is written,
`archives` unpacks, `numbering` spells telephone numbers.
"""
