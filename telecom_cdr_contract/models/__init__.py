# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import contract_contract
from . import contract_line
from . import telecom_bundle_subscription
from . import telecom_invoicing
from . import telecom_run_customer
