# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import mixin_bundle_line
from . import account_move
from . import product_product
from . import product_template
from . import res_company
from . import res_config_settings
from . import sale_order
from . import sale_order_line
from . import telecom_bundle_subscription
from . import telecom_invoicing
from . import telecom_run
from . import telecom_run_customer
