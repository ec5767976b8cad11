# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Charges and tariff data -> who pays, and how much. Knows neither Odoo nor a clock."""
