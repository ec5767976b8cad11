# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Answers for calls that are about to be made: pure, no Odoo and no database.

:mod:`price_ladder` what a call costs by its seconds, :mod:`price_book` that kept for
alike calls, :mod:`buckets` requests a second, :mod:`answers` the forms of an answer.
"""
