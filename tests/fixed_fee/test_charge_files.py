# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files of charges: what is read, what is refused and with which words."""

import io
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_addons.telecom_cdr.parsers.exceptions import FileError, FormatError
from pure_addons.telecom_cdr_fixed_fee.engine.identity import IdentityCounter
from pure_addons.telecom_cdr_fixed_fee.parsers.charges import ChargeSpec, read

HEADER = (
    "account;reference;product_code;description;kind;period_from;period_to;"
    "quantity;unit;total\n"
)
RENTAL = "A1;910000001;LR01;Line rental;R;01/01/2026;31/01/2026;1;9,95;9,95\n"
MAPPING = {
    "account": "account",
    "reference": "reference",
    "product_code": "product_code",
    "description": "description",
    "kind": "kind",
    "period_from": "period_from",
    "period_to": "period_to",
    "quantity": "quantity",
    "unit_amount": "unit",
    "total_amount": "total",
}
DEFINITION = {
    "column_mapping": MAPPING,
    "delimiter": ";",
    "decimal_mark": ",",
    "has_header": True,
    "date_formats": ["%d/%m/%Y"],
}


def spec_of(**changes):
    return ChargeSpec.from_dict({**DEFINITION, **changes})


def batches(text, lines_per_batch=2_000, **changes):
    data = text if isinstance(text, bytes) else text.encode()
    return list(read(io.BytesIO(data), spec_of(**changes), "EUR", lines_per_batch))


def charges(text, **changes):
    return [charge for batch in batches(text, **changes) for charge in batch.charges]


def rejection(row, **changes):
    """The only rejection of a file of one good row and this one."""
    [batch] = batches(HEADER + RENTAL + row, **changes)
    assert len(batch.charges) == 1, batch
    [rejected] = batch.rejections
    return rejected


def row(**changes):
    cells = {
        "account": "A1",
        "reference": "910000002",
        "product_code": "LR01",
        "description": "Line rental",
        "kind": "R",
        "period_from": "01/01/2026",
        "period_to": "31/01/2026",
        "quantity": "1",
        "unit": "9,95",
        "total": "9,95",
        **changes,
    }
    return ";".join(cells.values()) + "\n"


def test_all_facts_of_a_row_are_read():
    [charge] = charges(HEADER + RENTAL)
    assert charge.line_number == 2
    assert charge.raw == RENTAL.strip()
    assert (charge.account, charge.reference) == ("A1", "910000001")
    assert (charge.product_code, charge.description) == ("LR01", "Line rental")
    assert (charge.kind, charge.quantity) == ("recurring", Decimal(1))
    assert (charge.period_from, charge.period_to) == (
        date(2026, 1, 1),
        date(2026, 1, 31),
    )
    assert (charge.unit, charge.total) == (Decimal("9.95"), Decimal("9.95"))


def test_columns_by_position_without_a_header():
    mapping = {name: place for place, name in enumerate(MAPPING, 1)}
    [charge] = charges(RENTAL, column_mapping=mapping, has_header=False)
    assert (charge.reference, charge.total) == ("910000001", Decimal("9.95"))


def test_columns_in_another_order_and_more_of_them():
    text = "new;total;reference;kind;period_from\nx;5,00;R1;O;15/02/2026\n"
    mapping = {
        "total_amount": "Total",
        "reference": "reference",
        "kind": "KIND",
        "period_from": "period from",
    }
    text = text.replace("period_from", "Period From")
    [charge] = charges(text, column_mapping=mapping)
    assert (charge.kind, charge.total) == ("one_off", Decimal("5.00"))
    assert charge.period_to == charge.period_from == date(2026, 2, 15)


@pytest.mark.parametrize(
    ("word", "kind"),
    [("R", "recurring"), ("Monthly", "recurring"), ("nrc", "one_off"), ("C", "credit")],
)
def test_usual_words_for_kinds(word, kind):
    sign = "-" if kind == "credit" else ""
    [charge] = charges(HEADER + row(kind=word, unit="", total=f"{sign}3,00"))
    assert charge.kind == kind


def test_words_of_the_format_for_kinds():
    [charge] = charges(HEADER + row(kind="CUOTA"), kind_words={"Cuota": "recurring"})
    assert charge.kind == "recurring"


def test_default_kind_takes_negative_amounts_as_credits():
    text = HEADER + row(kind="") + row(kind="", unit="-1", total="-1")
    kinds = [charge.kind for charge in charges(text, kind_default="recurring")]
    assert kinds == ["recurring", "credit"]


def test_total_is_unit_times_quantity_where_it_is_blank():
    [charge] = charges(HEADER + row(quantity="3", unit="0,333333333", total=""))
    assert charge.total == Decimal("0.999999999")


def test_negative_quantity_of_a_credit_is_its_sign_only():
    text = HEADER + row(kind="C", quantity="-2", unit="5,00", total="")
    [charge] = charges(text)
    assert (charge.quantity, charge.total) == (Decimal(2), Decimal("-10.00"))


def test_costs_that_come_as_negatives():
    [charge] = charges(HEADER + row(unit="-9,95", total="-9,95"), amount_sign=-1)
    assert charge.total == Decimal("9.95")


def test_rows_that_a_filter_leaves_out_are_counted():
    filters = [{"column": "account", "pattern": "^TOTAL", "action": "skip"}]
    [batch] = batches(HEADER + RENTAL + row(account="TOTAL"), record_filters=filters)
    assert (len(batch.charges), batch.skipped, batch.rows) == (1, 1, 2)


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"reference": ""}, "reference", "no reference"),
        ({"kind": "X"}, "kind", "'X' is not known"),
        ({"kind": ""}, "kind", "not known"),
        ({"period_from": ""}, "period", "no period"),
        ({"period_to": ""}, "period", "last day"),
        ({"period_to": "31/12/2025"}, "period", "ends .* before"),
        ({"period_from": "31/02/2026"}, "date", "'31/02/2026' is no date"),
        ({"period_to": "2026-01-31"}, "date", "%d/%m/%Y"),
        ({"quantity": "-1"}, "quantity", "negative"),
        ({"quantity": "0"}, "quantity", "no quantity"),
        ({"quantity": "two"}, "quantity", "no quantity"),
        ({"unit": "", "total": ""}, "amount", "no amount"),
        ({"total": "1.234,50"}, "amount", "thousands"),
        ({"total": "9,95x"}, "amount", "'9,95x'"),
        ({"total": "NaN"}, "amount", "'NaN'"),
        ({"total": "0,0000000001"}, "amount", "decimals"),
        ({"total": "1" * 30}, "amount", "no amount"),
        ({"total": "-9,95"}, "sign", "only credits are negative"),
        ({"kind": "C"}, "sign", "should be negative"),
    ],
)
def test_bad_rows_are_refused_with_reason_and_words(changes, reason, words):
    rejected = rejection(row(**changes))
    assert rejected.reason == reason
    assert rejected.line_number == 3
    assert rejected.raw == row(**changes).strip()
    pytest.raises(ValueError, _refuse, rejected.message).match(words)


def _refuse(message):
    raise ValueError(message)


def test_another_currency_than_the_carriers_is_refused():
    text = "reference;kind;period_from;total;currency\n"
    text += "R1;O;01/01/2026;5,00;eur\nR2;O;01/01/2026;5,00;USD\n"
    mapping = {
        "reference": 1,
        "kind": 2,
        "period_from": 3,
        "total_amount": 4,
        "currency": 5,
    }
    [batch] = batches(text, column_mapping=mapping)
    assert [charge.reference for charge in batch.charges] == ["R1"]
    [rejected] = batch.rejections
    assert (rejected.reason, rejected.found) == ("currency", "USD")
    assert "in USD, the carrier's currency is EUR" in rejected.message


def test_a_row_may_have_no_amount_where_the_format_says_so():
    text = HEADER + row(unit="", total="") + row(unit="", total="0,00")
    [first, second] = charges(text, is_amount_optional=True)
    assert (first.total, first.unit, first.has_amount) == (Decimal(0), None, False)
    assert (second.total, second.has_amount) == (Decimal(0), True)
    mapping = {k: v for k, v in MAPPING.items() if not k.endswith("_amount")}
    [third] = charges(HEADER + row(), column_mapping=mapping, is_amount_optional=True)
    assert third.has_amount is False


def test_row_with_too_few_columns():
    rejected = rejection("A1;910000002;LR01\n")
    assert rejected.reason == "columns"
    assert "3 columns, at least 10" in rejected.message


def test_row_that_does_not_decode():
    good = HEADER + RENTAL * 3
    [batch] = batches(
        good.encode() + b"A1;9100\xff;LR01;x;R;01/01/2026;31/01/2026;1;1;1\n",
        encoding="utf-8",
    )
    assert [r.reason for r in batch.rejections] == ["encoding"]
    assert len(batch.charges) == 3


def test_latin_text_is_read():
    [charge] = charges((HEADER + row(description="Línea año")).encode("cp1252"))
    assert charge.description == "Línea año"


@pytest.mark.parametrize("text", ["", HEADER, "\n\n", HEADER + "\n"])
def test_a_file_without_rows_has_no_batches(text):
    assert batches(text) == []


def test_missing_column_is_named_beside_those_that_are_there():
    with pytest.raises(FileError, match=r"no column total\. It has: a, b"):
        batches("a;b\n1;2\n", column_mapping={**_minimal(), "total_amount": "total"})


def _minimal():
    return {"reference": 1, "kind": 2, "period_from": 2}


def test_binary_junk_is_refused_as_a_file():
    with pytest.raises(FileError, match="no text file"):
        batches(bytes(range(256)) * 100)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"column_mapping": {**MAPPING, "prize": 1}}, "prize"),
        ({"column_mapping": {"reference": 1}}, "period_from"),
        ({"column_mapping": "{"}, "valid JSON"),
        ({"has_header": False}, "positions from 1"),
        ({"kind_words": {"x": "weekly"}}, "weekly"),
        ({"kind_default": "credit"}, "recurring, one_off"),
        ({"delimiter": '"'}, "one character"),
        ({"colour": 1}, "a known key"),
        ({"is_amount_optional": "yes"}, "true or false"),
    ],
)
def test_definitions_that_cannot_be_used(changes, words):
    with pytest.raises(FormatError, match=words):
        spec_of(**changes)


CELL = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='"'
    ),
    max_size=12,
)


@given(st.lists(st.lists(CELL, min_size=1, max_size=12), max_size=12))
def test_nothing_is_lost_whatever_stands_in_the_rows(rows):
    text = HEADER + "".join(";".join(cells) + "\n" for cells in rows)
    read_ = batches(text, encoding="utf-8")
    for batch in read_:
        lines = [c.line_number for c in batch.charges]
        lines += [r.line_number for r in batch.rejections]
        assert len(lines) == len(set(lines))
        assert batch.rows == len(lines) + batch.skipped


@given(st.integers(1, 30), st.integers(1, 7))
def test_batches_together_are_the_whole_file(count, lines_per_batch):
    text = HEADER + "".join(row(reference=f"R{n}") for n in range(count))
    parts = batches(text, lines_per_batch)
    references = [charge.reference for batch in parts for charge in batch.charges]
    assert references == [f"R{n}" for n in range(count)]
    assert parts[-1].offset == len(text)


AMOUNT = st.decimals(-(10**6), 10**6, places=4)


@given(st.lists(AMOUNT, max_size=20))
def test_amounts_are_exact(amounts):
    text = HEADER + "".join(
        row(kind="C" if a < 0 else "O", unit="", total=f"{a:f}".replace(".", ","))
        for a in amounts
    )
    found = sum((charge.total for charge in charges(text)), Decimal(0))
    assert found == sum(amounts, Decimal(0))


def test_identity_is_the_same_in_another_spelling_and_with_another_description():
    first, second = charges(
        HEADER + row() + row(description="Rental", quantity="1,00", total="9,950")
    )
    assert IdentityCounter(1, True).identity(first) == IdentityCounter(
        1, True
    ).identity(second)


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "910000003"},
        {"product_code": "LR02"},
        {"period_to": "30/01/2026"},
        {"total": "9,96"},
        {"kind": "O"},
    ],
)
def test_other_facts_are_another_charge(changes):
    first, second = charges(HEADER + row() + row(**changes))
    assert IdentityCounter(1, True).identity(first) != IdentityCounter(
        1, True
    ).identity(second)


def test_repeats_in_a_file_are_numbered_unless_charges_are_unique():
    rows = charges(HEADER + RENTAL * 3)
    assert len({IdentityCounter(1, True).identity(c) for c in rows}) == 1
    counter = IdentityCounter(1, False)
    assert len({counter.identity(c) for c in rows}) == 3


def test_a_salt_makes_other_charges():
    (rental,) = charges(HEADER + RENTAL)
    salts = ("", "a", "b", "a")
    found = [IdentityCounter(1, False, salt).identity(rental) for salt in salts]
    assert len(set(found)) == 3
    assert found[1] == found[3]


def test_the_pure_parts_need_no_odoo():
    code = (
        "import sys; sys.modules['odoo'] = None; import conftest;"
        "import pure_addons.telecom_cdr_fixed_fee.parsers.charges;"
        "import pure_addons.telecom_cdr_fixed_fee.engine.fees;"
        "import pure_addons.telecom_cdr_fixed_fee.engine.holders;"
        "import pure_addons.telecom_cdr_fixed_fee.engine.identity;"
        "import pure_addons.telecom_cdr_fixed_fee.engine.periods;"
        "import pure_addons.telecom_cdr_fixed_fee.engine.rules"
    )
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@given(st.permutations(["10", "10,0", "12"]), st.lists(st.text("ab ", max_size=4)))
def test_a_charge_of_many_files_in_any_order_is_one(totals, descriptions):
    """Each file carries the charge in another spelling or with another description."""
    found = set()
    for total in totals:
        for description in ["", *descriptions]:
            cells = {"unit": "", "total": total, "description": description}
            [charge] = charges(HEADER + row(**cells))
            found.add(IdentityCounter(1, False).identity(charge))
    assert len(found) == 2  # 10 and 12
