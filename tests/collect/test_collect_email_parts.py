# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What of a mail may be a file with calls, and who may send it."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_cdr.collect.email_parts import (
    allows,
    has_no_calls,
    names_sender,
    parts_of,
    wants,
)


def mail(text):
    """A mail as it comes in: bytes, with the ends of lines of the net."""
    raw = text if isinstance(text, bytes) else text.encode()
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return email.message_from_bytes(raw, policy=email.policy.SMTP)


def found(text):
    return [(part.name, part.content) for part in parts_of(mail(text))]


MIXED = """\
From: cdr@carrier.example
Subject: calls
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=="

--==
Content-Type: multipart/alternative; boundary="--x"

----x
Content-Type: text/plain

the calls
----x
Content-Type: text/html

<p>the calls</p>
----x--
--==
Content-Type: text/csv; name="ignored"
Content-Disposition: attachment; filename="=?utf-8?q?a=C3=B1o?=.csv"
Content-Transfer-Encoding: base64

YSxiDQox8SwyCg==
--==
Content-Type: application/octet-stream
Content-Disposition: attachment; filename*=utf-8''dos%20%E2%82%AC.csv

plain
--==
Content-Type: image/png; name="logo.png"
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

iVBORw==
--==
Content-Type: message/rfc822

From: other@carrier.example
MIME-Version: 1.0
Content-Type: text/csv; name="C:\\\\out\\\\inner.csv"
Content-Disposition: inline; filename="C:\\\\out\\\\inner.csv"

inner
--==--
"""


def test_files_come_by_name_and_byte_for_byte():
    parts = list(parts_of(mail(MIXED)))
    assert [(part.name, part.content) for part in parts] == [
        ("año.csv", b"a,b\r\n1\xf1,2\n"),
        ("dos €.csv", b"plain"),
        ("logo.png", b"\x89PNG"),
        ("inner.csv", b"inner"),
    ]
    assert [part.content_id for part in parts] == ["", "", "logo@x", ""]


def test_a_mail_that_is_nothing_but_a_file():
    head = "From: a@b.example\nMIME-Version: 1.0\n"
    assert found(f"{head}Content-Type: application/zip\n\nPK") == [
        ("attachment.zip", b"PK")
    ]
    attached = "Content-Type: text/csv\nContent-Disposition: attachment\n\n1"
    assert found(head + attached) == [("attachment.csv", b"1")]
    assert found(f"{head}Content-Type: text/plain\n\nhello") == []
    assert found("From: a@b.example\n\nhello") == []


@given(st.binary(max_size=300))
def test_any_bytes_are_a_mail(raw):
    for part in parts_of(mail(b"Content-Type: multipart/mixed; boundary=x\n\n" + raw)):
        assert part.name and isinstance(part.content, bytes)


CSV = "text/csv"
OCTETS = "application/octet-stream"


@pytest.mark.parametrize(
    "name, mimetype, expected",
    [
        ("calls.csv", CSV, False),
        ("calls.CSV", "image/png", False),
        ("calls.zip", "application/zip", False),
        ("calls.xlsx", OCTETS, False),
        ("Master", OCTETS, False),
        ("calls.txt", "text/plain", False),
        ("calls.xml", "application/xml", False),
        ("image001.png", "image/png", True),
        ("IMAGE001.JPG", OCTETS, True),
        ("Outlook-x2k", "image/png", True),
        ("invite.ics", "text/calendar", True),
        ("meeting", "text/calendar", True),
        ("me.vcf", "text/x-vcard", True),
        ("smime.p7s", "application/pkcs7-signature", True),
        ("signature.asc", "application/pgp-signature", True),
        ("winmail.dat", "application/ms-tnef", True),
        ("ATT00001.htm", "text/html", True),
        ("invoice.pdf", "application/pdf", True),
    ],
)
def test_what_comes_along_with_mails(name, mimetype, expected):
    assert has_no_calls(name, mimetype) is expected
    assert wants("*", name, mimetype) is not expected


def test_a_pattern_that_names_them_asks_for_them_too():
    assert wants("report*.html", "report1.html", "text/html")
    assert not wants("report*.html", "other.html", "text/html")
    assert not wants("* !report*", "report.csv", CSV)
    assert not wants("* !report*", "logo.png", "image/png")
    assert not wants("!report*", "logo.png", "image/png")
    assert wants("!report*", "calls.csv", CSV)


@pytest.mark.parametrize(
    "senders, email_from, named, allowed",
    [
        ("cdr@carrier.example", "cdr@carrier.example", True, True),
        ("cdr@carrier.example", "CDR@Carrier.Example", True, True),
        ("cdr@carrier.example", "xcdr@carrier.example", False, False),
        ("cdr@carrier.example", "cdr@carrier.example.evil.example", False, False),
        ("@carrier.example", "any.body@carrier.example", True, True),
        ("carrier.example", "any.body@carrier.example", True, True),
        ("@carrier.example", "any@sub.carrier.example", False, False),
        ("@carrier.example", "any@evilcarrier.example", False, False),
        ("*@*.carrier.example", "any@sub.carrier.example", True, True),
        ("a@x.example, b@x.example;\nc@x.example", "b@x.example", True, True),
        ("a@x.example, b@x.example;\nc@x.example", "c@x.example", True, True),
        ("*", "who@ever.example", False, True),
        ("a@x.example *", "who@ever.example", False, True),
        ("", "who@ever.example", False, False),
        ("  ", "", False, False),
        ("[a]@x.example", "a@x.example", False, False),
        ("@x.example", "", False, False),
    ],
)
def test_senders(senders, email_from, named, allowed):
    assert names_sender(senders, email_from) is named
    assert allows(senders, email_from) is allowed
