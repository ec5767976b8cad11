# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import telecom_charge_assign, telecom_format_preview, telecom_invoice_wizard
