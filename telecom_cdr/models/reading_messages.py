# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What collecting and reading have to say, in the language of who looks.

Sources, files and rejections keep a *wording*: an English text and the values for the
names in it. It is put into words when it is shown, never before: who runs the job and
who reads the message mostly are not the same person.
"""

from typing import Any

from odoo import api
from odoo.fields import Date
from odoo.tools import LazyTranslate, format_date

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

Wording = dict[str, Any]
"""`text`, English, and `values` for the names in it; a value may be a wording or a
`{"date": "2026-10-05"}`, too."""

# The texts of parsers/ and collect/, which cannot translate. A test holds them equal.
ROWS = [
    _lt("%(found)s columns found, at least %(expected)s expected."),
    _lt("'%(found)s' is no date and time that exists, written as %(expected)s."),
    _lt("'%(found)s' is no duration of 0 or more, in %(expected)s."),
    _lt("'%(found)s' is no number that can be dialled (up to 15 digits)."),
    _lt("'%(found)s' is no amount of up to 9 decimals behind '%(expected)s'."),
    _lt("'%(found)s' is no number of bytes."),
    _lt("'%(found)s' is not what the format expects there: %(expected)s."),
    _lt("'%(found)s' cannot be converted by the step '%(expected)s'."),
    _lt("'%(found)s' is no offset from UTC, such as +0200, 2 or 120."),
    _lt("'%(found)s' is no time zone, such as Europe/Madrid."),
    _lt("The line is not text in the file's encoding (%(expected)s)."),
    _lt("The line or a value in it is too long (1 MiB, 131,072 characters)."),
    _lt(
        "A call with this unique id is stored with other values, and the data do not "
        "tell which record is the better one."
    ),
    _lt(
        "%(carrier)s has told of this call already, or tells better: it is stored "
        "once. Say whether it is another call."
    ),
    _lt("seconds"),
    _lt("minutes"),
    _lt("hms"),
]
FILES = [
    _lt("The archive holds more than %(limit)s files."),
    _lt("The archive holds %(found)s files, %(limit)s are allowed."),
    _lt("'%(found)s' ends before its end: get the file again."),
    _lt("'%(found)s' is damaged (%(error)s): get the file again."),
    _lt("'%(found)s' is an archive in an archive in an archive: unpack it first."),
    _lt(
        "'%(found)s' in the archive is a link or names a place outside of it: pack the "
        "files by their plain names."
    ),
    _lt("'%(found)s' in the archive is encrypted: send it without a password."),
    _lt("'%(found)s' unpacks to too much: %(what)s. Split the file."),
    _lt("more than %(limit)s bytes in all"),
    _lt("more than %(ratio)s times its packed size"),
    _lt("%(size)s bytes, %(limit)s allowed"),
    _lt("%(error)s: choose utf-16-le or the like."),
    _lt(
        "%(bad)s of the first %(count)s lines or characters are not %(found)s: choose "
        "'auto' or the encoding that the file is written in."
    ),
    _lt("The header cannot be decoded."),
    _lt(
        "Columns that the format needs are missing: %(found)s. The file has: "
        "%(header)s. Choose another format, or correct its mapping."
    ),
    _lt("This is no text file."),
    _lt("This is no text file (%(kind)s)."),
    _lt("a zip archive or an office document"),
    _lt("a gzip archive"),
    _lt("a PDF document"),
    _lt("an old Excel or Word document"),
    _lt("an image"),
    _lt("a RAR archive"),
    _lt("a 7-Zip archive"),
    _lt("perhaps UTF-16 without a byte order mark: try that encoding"),
    _lt(
        "%(found)s has more than %(limit)s MB. Larger files are not taken: raise the "
        "limit in the settings (Telephony, Files) or split the file."
    ),
    _lt("Same content as %(name)s"),
    _lt("Same name as a file of %(date)s"),
]
FORMATS = [
    _lt("%(key)s: %(expected)s expected, %(value)s found."),
    _lt("a known key"),
    _lt("another character than the delimiter"),
    _lt("a column for start"),
    _lt("a column for calling_number or called_number"),
    _lt("positions from 1 (the format has no header)"),
    _lt("valid JSON (%(error)s)"),
    _lt("one of %(known)s"),
    _lt("'auto' or the name of an encoding"),
    _lt("one character (\\t for a tab)"),
    _lt("one character, or nothing"),
    _lt("true or false"),
    _lt("a number from 0 to %(limit)s"),
    _lt("1 or -1"),
    _lt("at least one column"),
    _lt("a position from 1 or a name in the header"),
    _lt("an object: field -> column"),
    _lt("a field (%(fields)s, extra.<a-z and _>)"),
    _lt("a list of rules"),
    _lt("an object: column and pattern"),
    _lt("an object: %(keys)s"),
    _lt("a number from 1 to 15"),
    _lt("internal_digits alone"),
    _lt("a regular expression (%(error)s)"),
    _lt("a list of date patterns"),
    _lt("at least one date pattern"),
    _lt("'carrier', 'UTC' or a zone such as 'Europe/Madrid'"),
    _lt("a list of words"),
    _lt("a word"),
    _lt("a date pattern as text"),
    _lt("a pattern with month and day"),
    _lt("a column for duration (the start is the end less it)"),
    _lt("an object: field -> steps"),
    _lt("an object: field -> pattern"),
    _lt("a field of the column mapping"),
    _lt("a list of up to %(most)s steps"),
    _lt("one of the steps %(known)s"),
    _lt("nothing behind the step's name"),
    _lt("a text behind the step's name"),
    _lt("a number from 1 to %(limit)s"),
    _lt("a pattern and a text: pattern -> text"),
    _lt("patterns and texts: pattern -> text, pattern -> text"),
    _lt("texts and texts: found -> wanted, found -> wanted"),
    _lt("words behind the step's name, with commas"),
    _lt("the parts of a date, such as DDMMYYYY hhmmss"),
    _lt("a text"),
    _lt("a text for the pattern's groups (%(error)s)"),
    _lt("steps of fewer letters"),
    _lt("' | ' before the next step"),
    _lt("' -> ' and what takes its place"),
    _lt("%p beside %I"),  # pylint: disable=translation-positional-used
]
SOURCES = [
    _lt(
        "The server %(host)s shows another host key than the pinned one. Found: "
        "%(found)s. Nothing was fetched. If the server was replaced, clear the host "
        "key and test the connection again."
    ),
    _lt(
        "No host key is pinned for %(host)s. Test the connection: it shows the key "
        "(%(found)s) and pins it."
    ),
    _lt(
        "The server %(host)s shows another certificate than the pinned one. Found: "
        "%(found)s. Nothing was fetched. If the carrier renewed it, clear the pinned "
        "certificate and test the connection again."
    ),
    _lt(
        "No certificate is pinned for %(host)s. Test the connection: it shows the "
        "certificate (%(found)s) and pins it."
    ),
    _lt(
        "The certificate of %(host)s is not trusted: %(found)s. No password was sent. "
        "Ask the carrier for one of a known authority that names this host, or choose "
        "to pin the certificate."
    ),
    _lt("the server speaks no TLS that we know (%(problem)s)"),
    _lt("%(name)s broke off"),
    _lt(
        "The server %(host)s cannot be reached: %(found)s. Check host and port, and "
        "whether it is up; the next collection tries again."
    ),
    _lt(
        "The server %(host)s refused the user %(username)s: %(found)s. Check user "
        "name, password and key."
    ),
    _lt(
        "The private key cannot be read: %(found)s. Expected: an OpenSSH or PEM key, "
        "and its passphrase where it has one."
    ),
    _lt("The directory %(directory)s cannot be read: %(found)s."),
    _lt("The transfer broke off: %(found)s."),
    _lt(
        "%(found)s. Larger files are not taken: raise the limit in the settings "
        "(Telephony, Files) or split the file."
    ),
    _lt("%(name)s has %(size)s bytes, the limit is %(limit)s"),
    _lt("no such protocol: %(protocol)s"),
    _lt(
        "files can only be moved to a subfolder, such as 'collected', not to "
        "%(directory)s"
    ),
    _lt("%(name)s has no free name to be moved to"),
    _lt("%(name)s is not there any more"),
    _lt("%(name)s ended after %(count)s of its %(size)s bytes"),
    _lt("%(name)s changed while it was read"),
    _lt("%(name)s changed before it was read"),
    _lt("%(name)s cannot be read: %(problem)s"),
    _lt("%(name)s cannot be opened: %(problem)s"),
    _lt("%(name)s is stored but cannot be deleted: %(problem)s"),
    _lt("%(name)s is stored but cannot be moved: %(problem)s"),
    _lt("it is not a whole path, one that begins with /"),
    _lt("only these and what is below: %(roots)s"),
    _lt("it does not exist"),
    _lt("it is not a directory"),
    _lt("no permission"),
    _lt("nothing listens on this port"),
    _lt("no answer in time"),
    _lt("no such host name"),
    _lt("the server closed the connection"),
    _lt("no host is set"),
    _lt("what answers there is no SSH server that we can talk to (%(error)s)"),
    _lt("neither a password nor a private key is set"),
    _lt("the server only takes %(types)s"),
    _lt("no answer to the login"),
    _lt("the server also wants %(types)s"),
    _lt("the server let us in, but gives no SFTP (%(problem)s)"),
    _lt("it is of a type that servers no longer take"),
    _lt("it needs a passphrase"),
    _lt("the passphrase does not fit it"),
    _lt("it is a public key"),
    _lt("it is in PuTTY's format: export it from PuTTYgen as an OpenSSH key"),
    _lt("it is damaged or incomplete"),
    _lt("it is no private key"),
]
STREAMS = [
    _lt("The connection ended in the middle of a line: its end never came"),
    _lt(
        "Lines cannot be received: %(found)s. Look at the settings and at the PBX; the "
        "listener tries again by itself."
    ),
    _lt("the connection or the disk failed: %(problem)s"),
    _lt("port %(port)s of this machine cannot be listened at: %(problem)s"),
    _lt("%(address)s connected, and is in none of the allowed networks"),
    _lt("more than %(count)s connections at a time"),
    _lt("the PBX closed the connection"),
    _lt("%(device)s cannot be opened: %(problem)s"),
    _lt("'%(line)s' are no settings of a serial line, such as 9600 8N1"),
    _lt("%(path)s is outside of the folders that may be read"),
    _lt("%(path)s is not there"),
]
TEXTS = {}
"""Lazy translation by English text; a text that is not here is shown as it is."""


def register(texts) -> None:
    """Make texts known; other addons add those of their own readers."""
    for text in texts:
        TEXTS[text._source] = text


register([*ROWS, *FILES, *FORMATS, *SOURCES, *STREAMS])


def worded(env: api.Environment, wording: Wording | None) -> str:
    """What a wording says, in the language of the environment."""
    if not wording:
        return ""
    text, values = wording["text"], wording.get("values")
    if text in TEXTS:
        text = env._(TEXTS[text])
    return text % {n: _told(env, v) for n, v in values.items()} if values else text


def worded_for_company(company, wording: Wording) -> str:
    """The same in the company's language: for what is written down for everybody."""
    return worded(company.with_context(lang=company.partner_id.lang).env, wording)


def _told(env, value):
    if not isinstance(value, dict):
        return value
    if "date" in value:
        return format_date(env, Date.to_date(value["date"]))
    return worded(env, value)
