# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_contract_bundle
from . import test_contract_calls
from . import test_contract_shapes
