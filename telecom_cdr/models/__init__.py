# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Others inherit from it, so it comes before any of them.
from . import mixin_used_by_calls

# isort: split

from . import (
    account_move,
    account_move_line,
    res_company,
    res_config_settings,
    res_partner,
    telecom_bundle,
    telecom_bundle_allowance,
    telecom_bundle_draw,
    telecom_bundle_pass,
    telecom_bundle_subscription,
    telecom_bundle_usage,
    telecom_call,
    telecom_call_summary,
    telecom_carrier,
    telecom_department,
    telecom_destination,
    telecom_file,
    telecom_file_progress,
    telecom_format,
    telecom_format_column,
    telecom_invoicing,
    telecom_number,
    telecom_prefix,
    telecom_rate,
    telecom_rating,
    telecom_rating_mark,
    telecom_rejection,
    telecom_source,
    telecom_tariff,
    telecom_tariff_assignment,
)
