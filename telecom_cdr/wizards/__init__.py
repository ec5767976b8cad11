# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Others inherit from it, so it comes before any of them.
from . import (
    mixin_format_walkthrough,
    mixin_sample_check,
    mixin_successor,
    mixin_test_run_background,
)

# isort: split

from . import mixin_format_rendering

# isort: split

from . import (
    base_partner_merge,
    telecom_add_rate,
    telecom_bundle_comparison,
    telecom_bundle_topup_wizard,
    telecom_bundle_version,
    telecom_call_explanation,
    telecom_call_explanation_words,
    telecom_correction,
    telecom_detail_wizard,
    telecom_discount_successor,
    telecom_file_release,
    telecom_format_assistant,
    telecom_format_assistant_column,
    telecom_format_preview,
    telecom_give_number,
    telecom_hot_bill,
    telecom_invoice_wizard,
    telecom_lawful_access,
    telecom_price_simulator,
    telecom_rate_export,
    telecom_read_again,
    telecom_rate_successor,
    telecom_reconciliation_accept,
    telecom_reconciliation_compare,
    telecom_rate_successor_check,
    telecom_release_wizard,
    telecom_test_run,
    telecom_time_band_successor,
    telecom_upload_wizard,
)
