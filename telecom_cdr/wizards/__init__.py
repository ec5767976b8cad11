# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    base_partner_merge,
    telecom_call_explanation,
    telecom_format_preview,
    telecom_invoice_wizard,
    telecom_rate_successor,
    telecom_upload_wizard,
)
