# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bytes of a carrier's charge file -> clean charges. Knows neither Odoo nor a clock."""
