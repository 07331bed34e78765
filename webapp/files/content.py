"""What a file really is: its type by content, refusals of what is not as it says, and a safe name."""

from __future__ import annotations

import io
import unicodedata
import zipfile
import zlib

# Extension -> (family recognised in the content, media type it is served as).
TYPES: dict[str, tuple[str, str]] = {
    "pdf": ("pdf", "application/pdf"),
    "png": ("png", "image/png"),
    "jpg": ("jpg", "image/jpeg"),
    "jpeg": ("jpg", "image/jpeg"),
    "docx": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_OFFICE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
_MAX_ENTRIES = 2_000
_MAX_UNPACKED = 200_000_000
_MAX_RATIO = 200
_MAX_NAME = 120
_MAX_ENDING = 10


def sniff(content: bytes) -> str | None:
    """The family the bytes belong to (pdf, png, jpg, docx, xlsx), None for anything else or anything broken."""
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        return "pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and b"IEND" in content[-64:]:
        return "png"
    if content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:]:
        return "jpg"
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    return None


def _office(content: bytes) -> str | None:
    """docx or xlsx by the parts every such file has. Only the directory is read: nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError):
        return None
    if not _harmless(entries, len(content)):
        return None
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names:
        return None
    return next((family for family, part in _OFFICE.items() if part in names), None)


def _harmless(entries: list[zipfile.ZipInfo], size: int) -> bool:
    """Whether an archive unpacks to a sane size and holds no macros, encrypted parts or outside paths."""
    if len(entries) > _MAX_ENTRIES or sum(entry.compress_size for entry in entries) > size:
        return False
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED or unpacked > _MAX_RATIO * max(size, 1_000):
        return False
    for entry in entries:
        name = entry.filename
        if entry.flag_bits & 0x1 or name.startswith(("/", "\\")) or ".." in name.split("/"):
            return False
        if name.lower().endswith(("vbaproject.bin", ".exe", ".js", ".vbs", ".zip")):
            return False
    return True


def extension(name: str) -> str:
    """The extension in lower case without the dot, empty when there is none."""
    stem, dot, last = name.rpartition(".")
    return last.lower() if dot and stem else ""


def clean_name(name: str) -> str:
    """A file name as it may be shown and offered for download: no path, no control or direction-changing characters,
    none that a file system refuses; at most 120 characters with its extension. Never empty.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(char for char in last if unicodedata.category(char)[0] != "C" and char not in '<>:"|?*')
    bare = " ".join(visible.split()).strip(". ")
    stem, _dot, ending = bare.rpartition(".")
    if not stem or len(ending) > _MAX_ENDING:
        return bare[:_MAX_NAME].strip(". ") or "file"
    return f"{stem[: _MAX_NAME - len(ending) - 1].strip('. ') or 'file'}.{ending}"
