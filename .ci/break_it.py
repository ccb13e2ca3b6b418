"""Break the code in ways that are easily got wrong, one at a time: each must fail a test.

Run it from the project's root, with the tests' requirements installed: `python .ci/break_it.py`.
It works on a copy. It prints a table, and exits with 1 if a break went unseen. Words
that stand in the names of breaks may be given, to try those alone.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from breaks import GROUPS


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """Return the first test that fails on the copy, None if all pass."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy / "src"),
        "NUMBA_CACHE_DIR": str(copy / "c"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header"]
    done = subprocess.run(
        [*command, *(f"tests/{name}" for name in tests)],
        cwd=copy, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"^(?:FAILED|ERROR) tests/(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode == 0:
        return None
    return found.group(1) if found else f"exit {done.returncode}: {done.stdout[-300:]}"


def seen(name: str, old: str, new: str, tests: list[str]) -> str | None:
    """Break one line of a copy and return the test that fails."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("src", "tests", "pyproject.toml"):
            source = Path(part)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / part)
        file = copy / "src/funnelsim" / name
        text = file.read_text("utf-8")
        if text.count(old) != 1:
            raise SystemExit(f"{name}: {old!r} stands {text.count(old)} times, not once")
        file.write_text(text.replace(old, new), "utf-8")
        return first_failure(copy, tests)


def main() -> int:
    """Print the table; return 1 if a break went unseen."""
    unseen, words = 0, sys.argv[1:]
    print("| break | first test that fails |\n|---|---|", flush=True)
    for breaks, tests in GROUPS:
        for what, name, old, new in breaks:
            if words and not any(word in what for word in words):
                continue
            failed = seen(name, old, new, tests)
            unseen += failed is None
            print(f"| {what} | {failed or 'NONE'} |", flush=True)
    return int(unseen > 0)


if __name__ == "__main__":
    sys.exit(main())
