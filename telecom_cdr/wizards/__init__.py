# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Others inherit from it, so it comes before any of them.
from . import mixin_successor

# isort: split

from . import (
    base_partner_merge,
    telecom_bundle_comparison,
    telecom_bundle_topup_wizard,
    telecom_bundle_version,
    telecom_call_explanation,
    telecom_call_explanation_words,
    telecom_discount_successor,
    telecom_format_preview,
    telecom_invoice_wizard,
    telecom_price_simulator,
    telecom_rate_export,
    telecom_rate_successor,
    telecom_rate_successor_check,
    telecom_time_band_successor,
    telecom_upload_wizard,
)
