# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_sale_bundle
from . import test_screens_sale
from . import test_voice_calls
