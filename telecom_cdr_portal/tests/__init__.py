# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_parameters
from . import test_portal_access
from . import test_portal_bundles
from . import test_portal_calls
from . import test_portal_disputes
from . import test_portal_export
from . import test_portal_filters
from . import test_portal_invitations
from . import test_portal_invoice_link
from . import test_portal_masked_calls
from . import test_portal_orders
from . import test_portal_overview
from . import test_portal_paging
from . import test_portal_rights
from . import test_portal_see_tour
from . import test_portal_settings
from . import test_portal_settings_tour
from . import test_portal_tour
from . import test_portal_why
from . import test_portal_withdrawal
