from . import test_access, test_bundle, test_file, test_import, test_invoicing, test_rating
