# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Others inherit from it, so it comes before any of them.
from . import (
    mixin_payer,
    mixin_priced_with,
    mixin_rates_again,
    mixin_used_by_calls,
)

# isort: split

from . import (
    mixin_dated_assignment,
    mixin_tariff,
)

# isort: split

from . import (
    account_move,
    account_move_line,
    mixin_rerating_billing,
    mixin_rerating_work,
    res_company,
    res_config_settings,
    res_partner,
    telecom_bundle,
    telecom_bundle_allowance,
    telecom_bundle_carry,
    telecom_bundle_draw,
    telecom_bundle_pass,
    telecom_bundle_subscription,
    telecom_bundle_topup,
    telecom_bundle_usage,
    telecom_bundle_warning,
    telecom_call,
    telecom_call_correction,
    telecom_call_proof,
    telecom_call_summary,
    telecom_carrier,
    telecom_customer_class,
    telecom_department,
    telecom_destination,
    telecom_discount,
    telecom_discount_assignment,
    telecom_file,
    telecom_file_progress,
    telecom_format,
    telecom_format_column,
    telecom_golden_call,
    telecom_holiday,
    telecom_invoicing,
    telecom_number,
    telecom_prefix,
    telecom_price_trial,
    rate_sheet_messages,
    telecom_rate,
    telecom_rate_sheet,
    telecom_rate_sheet_line,
    telecom_rate_tier,
    telecom_rating,
    telecom_rating_mark,
    telecom_rejection,
    telecom_rerating,
    telecom_rerating_result,
    telecom_source,
    telecom_tariff,
    telecom_tariff_assignment,
    telecom_time_band,
)
