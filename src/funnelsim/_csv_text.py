"""The bytes of a text file of separated values become records of text."""

from __future__ import annotations

import codecs
import csv
import io

from funnelsim.errors import InputError

SEPARATORS = (",", ";", "\t")
SAVE_AS = "save the file as CSV UTF-8"


def records_of(name: str, raw: bytes) -> tuple[list[tuple[str, ...]], str]:
    r"""Return the records of a file, without the blank ones, and their separator.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    raw : bytes
        What the file holds: UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError
        If it is not UTF-8 or not proper CSV; the message names the line.

    Examples
    --------
    >>> records_of("deals.csv", b"id;stage\r\n\r\nA1;proposal\r\n")
    ([('id', 'stage'), ('A1', 'proposal')], ';')
    """
    text = _text(name, raw)
    separator = _separator(text)
    return _records(name, text, separator), separator


def _text(name: str, raw: bytes) -> str:
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        position = error.start + len(raw) - len(body)
        line = raw.count(b"\n", 0, position) + 1
        found = f"byte 0x{raw[position]:02x} at position {position} (line {line})"
        raise InputError(name, f"be UTF-8 text, but has {found}", remedy=SAVE_AS) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(name, f"be text, but has a NUL byte in line {line}", remedy=SAVE_AS)
    return text


def _separator(text: str) -> str:
    """Return the separator that the header line holds most often outside quotes."""
    counts, quoted = dict.fromkeys(SEPARATORS, 0), False
    for sign in text.lstrip("\r\n"):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "\r\n":
            break
        elif not quoted and sign in counts:
            counts[sign] += 1
    return max(SEPARATORS, key=counts.__getitem__)


def _records(name: str, text: str, separator: str) -> list[tuple[str, ...]]:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    records: list[tuple[str, ...]] = []  # the garbage collector does not come back to tuples
    line = 0
    try:
        for record in reader:
            if any(map(str.strip, record)):
                records.append(tuple(record))
            line = reader.line_num
    except csv.Error as error:
        open_quote = "unexpected end" in str(error)
        reason = "a double quote opened here is never closed" if open_quote else str(error)
        raise InputError(f"line {line + 1} of {name}", "be proper CSV", remedy=reason) from None
    return records
