# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What of an e-mail may be a file with calls, and who may send it."""

import fnmatch
import mimetypes
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from .contract import Settings, printable

NO_CALLS_TYPES = re.compile(
    r"(image|audio|video|font|message)/|text/(html|calendar|x?-?vcard|directory"
    r"|x-amp-html|rfc822-headers)$|application/(ics|pdf|ms-tnef|vnd\.ms-tnef"
    r"|(x-)?pkcs7-\w+|pgp-\w+|msword|rtf"
    r"|vnd\.openxmlformats-officedocument\.wordprocessingml.*)$",
    re.IGNORECASE,
)
"""Types of what comes along with mails: signatures, pictures, appointments."""
NO_CALLS_NAMES = frozenset(
    [
        ".ics",
        ".vcf",
        ".vcs",
        ".p7s",
        ".p7m",
        ".p7c",
        ".asc",
        ".sig",
        ".pgp",
        ".html",
        ".htm",
        ".mht",
        ".eml",
        ".pdf",
        ".doc",
        ".docx",
        ".odt",
        ".rtf",
        ".png",
        ".jpg",
        ".jpeg",
        ".jfif",
        ".gif",
        ".bmp",
        ".svg",
        ".webp",
        ".tif",
        ".tiff",
        ".ico",
        ".emz",
        ".wmz",
        ".wav",
        ".mp3",
        ".mp4",
    ]
)
NO_CALLS_FILES = frozenset({"winmail.dat", "win.dat", "noname"})
ANYBODY = "*"


@dataclass(frozen=True)
class Part:
    """One file of a mail.

    :ivar name: fit to be shown and stored
    :ivar content: the bytes as they were sent, the transfer encoding taken off
    :ivar mimetype: as the sender says, mostly a guess of the mail program
    :ivar content_id: by which the body shows a picture; empty for other files
    """

    name: str
    content: bytes = field(repr=False)
    mimetype: str
    content_id: str = ""


def parts_of(message: Message) -> Iterator[Part]:
    """The files of a mail, also those of mails that are attached to it.

    Texts are what is read, not a file, unless they have a name or are attached.
    """
    for part in message.walk():
        if part.is_multipart():
            continue
        mimetype = part.get_content_type()
        name = _name(part)
        attached = part.get_content_disposition() == "attachment"
        if not (name or attached) and mimetype.startswith("text/"):
            continue
        content = part.get_payload(decode=True) or b""
        content_id = (part.get("Content-ID") or "").strip().strip("<>")
        name = name or "attachment" + (mimetypes.guess_extension(mimetype) or "")
        yield Part(name, content, mimetype, content_id)


def _name(part: Message) -> str:
    """The last part of the name that the sender gave."""
    name = (part.get_filename() or "").replace("\\", "/").rsplit("/", 1)[-1]
    return printable(name)


def has_no_calls(name: str, mimetype: str) -> bool:
    """Whether a file is one of those that come along with mails."""
    lower = name.lower()
    extension = os.path.splitext(lower)[1]
    if lower in NO_CALLS_FILES or extension in NO_CALLS_NAMES:
        return True
    # A name says more than the type: programs send CSV as whatever they like.
    return not extension and bool(NO_CALLS_TYPES.match(mimetype))


def wants(pattern: str, name: str, mimetype: str) -> bool:
    """Whether a file of a mail is one that a source's pattern asks for.

    A pattern that says more than ``*`` may also ask for what mostly holds no calls.
    """
    if not Settings(file_pattern=pattern).matches(name):
        return False
    words = [word for word in pattern.split() if not word.startswith("!")]
    return words not in ([], ["*"]) or not has_no_calls(name, mimetype)


# === SENDERS === #


def allows(senders: str, email: str) -> bool:
    """Whether a list of senders lets an address in; an empty list lets nobody in."""
    return ANYBODY in _words(senders) or names_sender(senders, email)


def names_sender(senders: str, email: str) -> bool:
    """Whether a list names an address, or everybody of its domain.

    :param email: the bare address; an empty one is nobody's
    """
    address = email.strip().lower()
    return bool(address) and any(
        fnmatch.fnmatchcase(address, _pattern(word))
        for word in _words(senders)
        if word != ANYBODY
    )


def _words(senders: str) -> list[str]:
    return re.split(r"[\s,;]+", senders.strip().lower())


def _pattern(word: str) -> str:
    whole = word if "@" in word[1:] else f"*@{word.lstrip('@')}"
    return whole.replace("[", "[[]")
