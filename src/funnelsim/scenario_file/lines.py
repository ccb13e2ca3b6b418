"""Where the keys of a TOML text stand: the parser of the standard library does not say."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
"""Keys from the top of a document; the entries of a list are counted from 0."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""(?P<basic>"(?:[^"\\\n]|\\.)*")|(?P<literal>'[^'\n]*')|[\w-]+""")
_TEXT = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:'{0,2})|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]+")


def lines_of(text: str) -> dict[KeyPath, int]:
    r"""Return the line, from 1, of each key, table and entry of a list in a valid TOML text.

    What cannot be followed is left out.

    Examples
    --------
    >>> lines_of('quota = 3\n[funnel]\ntime = { fixed = 3 }\n')
    {('quota',): 1, ('funnel',): 2, ('funnel', 'time'): 3, ('funnel', 'time', 'fixed'): 3}
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    with contextlib.suppress(_LostError, RecursionError):
        scanner.scan()
    return scanner.lines


class _LostError(Exception):
    """The text is not what the scanner takes it for."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.lines: dict[KeyPath, int] = {}
        self._entries: dict[KeyPath, int] = {}  # of each array of tables, so far
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def scan(self) -> None:
        table: KeyPath = ()
        self._pass(_BLANK)
        while self.place < len(self.text):
            if self.text[self.place] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._pass(_BLANK)

    def _header(self) -> KeyPath:
        """Pass ``[table]`` or ``[[table]]`` and return its path."""
        brackets = 2 if self.text.startswith("[[", self.place) else 1
        self.place += brackets
        *outer, last = self._keys()
        self.place += brackets
        path: KeyPath = ()
        for key in outer:
            path = self._inside((*path, key))
        path = (*path, last)
        if brackets == 1:
            return self._inside(path)
        self._note(path)
        self._entries[path] = self._entries.get(path, 0) + 1
        return self._inside(path)

    def _inside(self, path: KeyPath) -> KeyPath:
        """Note a table; in an array of tables the last entry so far is meant."""
        self._note(path)
        if path in self._entries:
            path = (*path, self._entries[path] - 1)
            self._note(path)
        return path

    def _pair(self, table: KeyPath) -> None:
        """Pass ``key = value``."""
        for key in self._keys():
            table = (*table, key)
            self._note(table)
        self._sign("=")
        self._pass(_SPACE)
        self._value(table)

    def _keys(self) -> list[str]:
        """Pass a key and return its parts."""
        parts = []
        while True:
            self._pass(_SPACE)
            parts.append(_unquoted(self._pass(_KEY)))
            self._pass(_SPACE)
            if not self.text.startswith(".", self.place):
                return parts
            self.place += 1

    def _value(self, path: KeyPath) -> None:
        sign = self.text[self.place : self.place + 1]
        if sign == "[":
            self._list(path)
        elif sign == "{":
            self._table(path)
        elif sign in ("'", '"'):
            self._pass(_TEXT)
        else:
            self._pass(_PLAIN)

    def _list(self, path: KeyPath) -> None:
        self.place += 1
        entry = 0
        while self._more("]"):
            self._note((*path, entry))
            self._value((*path, entry))
            entry += 1

    def _table(self, path: KeyPath) -> None:
        self.place += 1
        while self._more("}"):
            self._pair(path)

    def _more(self, end: str) -> bool:
        """Pass blanks and a comma; at the end pass it, too, and return False."""
        self._pass(_BLANK)
        if self.text.startswith(",", self.place):
            self.place += 1
            self._pass(_BLANK)
        if not self.text.startswith(end, self.place):
            return True
        self.place += 1
        return False

    def _sign(self, sign: str) -> None:
        if not self.text.startswith(sign, self.place):
            raise _LostError
        self.place += len(sign)

    def _pass(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise _LostError
        self.place = found.end()
        return found[0]

    def _note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, bisect_right(self._starts, self.place))


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        import tomllib  # noqa: PLC0415

        return str(tomllib.loads(f"key = {key}")["key"])
    return key
