from . import (
    test_access,
    test_bundle,
    test_destination,
    test_file,
    test_import,
    test_invoicing,
    test_number,
    test_rating,
    test_tariff,
)
