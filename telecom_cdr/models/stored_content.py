# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from odoo import api, models

BLOCK = 1 << 20


@dataclass
class StoredContent:
    """Bytes that lie in the filestore and wait for the record they belong to.

    :ivar size: bytes
    :ivar sha256: hexadecimal fingerprint of the content
    :ivar checksum: SHA-1, which Odoo's filestore names its files after
    """

    size: int
    sha256: str
    checksum: str
    store_fname: str
    data: bytes | None = None

    def attach(self, record: models.BaseModel, field: str) -> None:
        """Make the content the value of a binary field, without loading it."""
        if self.data is not None:
            # Not through the record: a received content is closed to writing.
            record._fields[field].write(record, base64.b64encode(self.data))
            return
        attachments = record.env["ir.attachment"].sudo()
        attachment = attachments.create(
            {
                "name": field,
                "res_model": record._name,
                "res_field": field,
                "res_id": record.id,
                "type": "binary",
                "mimetype": "application/octet-stream",
            }
        )
        record.env.flush_all()
        record.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s, checksum = %s, file_size = %s,"
            " db_datas = NULL WHERE id = %s",
            (self.store_fname, self.checksum, self.size, attachment.id),
        )
        attachment.invalidate_recordset()
        record.invalidate_recordset([field])


class TooLarge(Exception):
    """More bytes than are taken."""


def store_stream(
    env: api.Environment, stream: BinaryIO, max_bytes: int
) -> StoredContent:
    """Copy a stream into the filestore, block by block; TooLarge leaves nothing there.

    A database that keeps attachments in its tables gets the bytes as data.
    """
    attachments = env["ir.attachment"].sudo()
    if attachments._storage() != "file":
        data = stream.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise TooLarge
        return StoredContent(
            len(data),
            hashlib.sha256(data).hexdigest(),
            hashlib.sha1(data, usedforsecurity=False).hexdigest(),
            "",
            data,
        )
    root = attachments._filestore()
    os.makedirs(root, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=root, delete=False) as target:
        try:
            size, sha256, sha1 = _copy(stream, target, max_bytes)
            target.flush()
            os.fsync(target.fileno())
        except BaseException:
            os.unlink(target.name)
            raise
    return _adopt(attachments, target.name, size, sha256, sha1)


def _copy(stream, target, max_bytes):
    """Copy all blocks; gives size, SHA-256 and SHA-1."""
    size, sha256, sha1 = 0, hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    while block := stream.read(BLOCK):
        size += len(block)
        if size > max_bytes:
            raise TooLarge
        sha256.update(block)
        sha1.update(block)
        target.write(block)
    return size, sha256.hexdigest(), sha1.hexdigest()


def _adopt(attachments, path, size, sha256, sha1):
    """Give a temporary file the name that the filestore would give it."""
    store_fname = f"{sha1[:2]}/{sha1}"
    full_path = attachments._full_path(store_fname)
    os.makedirs(os.path.dirname(full_path), exist_ok=True)
    os.replace(path, full_path)
    # A rollback leaves the file for the garbage collector.
    attachments._mark_for_gc(store_fname)
    return StoredContent(size, sha256, sha1, store_fname)


def content_of(record: models.BaseModel, field: str) -> models.BaseModel:
    """The attachment that holds a binary field; nothing where it is empty."""
    return (
        record.env["ir.attachment"]
        .sudo()
        .search(
            [
                ("res_model", "=", record._name),
                ("res_id", "=", record.id),
                ("res_field", "=", field),
            ],
            limit=1,
        )
    )


@contextmanager
def open_content(record: models.BaseModel, field: str) -> Iterator[BinaryIO]:
    """Open a binary field as a stream, without loading it where it is a file."""
    attachment = content_of(record, field)
    if attachment.store_fname:
        with open(attachment._full_path(attachment.store_fname), "rb") as stored:
            yield stored
        return
    with tempfile.TemporaryFile() as stream:
        stream.write(attachment.raw or b"")
        stream.seek(0)
        yield stream
