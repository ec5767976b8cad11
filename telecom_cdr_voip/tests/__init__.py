# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_asterisk_switch
from . import test_authorise
from . import test_authorise_money
from . import test_authorise_periods
from . import test_authorise_route
from . import test_calls_at_once
from . import test_fraud_blocking
from . import test_fraud_watch
from . import test_guide
from . import test_masked_calls
from . import test_number_holder
from . import test_payer_moved
from . import test_portal_accounts
from . import test_portal_blocks
from . import test_portal_redirects
from . import test_portal_voip_tour
from . import test_provision
from . import test_redirect
from . import test_sip_account
from . import test_sip_switch
