"""Break the code in ways that are easily got wrong, one at a time: each must fail a test.

Run it from the project's root, with the tests' requirements installed: `python .ci/break_it.py`.
It works on a copy. It prints a table, and exits with 1 if a break went unseen.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = ["test_kernel_twin.py", "test_exact_hard_times.py", "test_exact_counts.py",
         "test_exact_times.py", "test_exact_sharing.py", "test_same_bits.py"]  # fmt: skip

BREAKS = [
    ("sign of rho", "_chances.py", "own = 1.0 - shared.common", "own = 1.0 + shared.common"),
    ("ages ignored", "_arrays.py", "elapsed(as_of, -days)", "elapsed(as_of, 0.0 * days)"),
    ("loss times ignored", "_arrays.py", "(step.time_if_lost is not None)", "(step.hours == -1)"),
    ("window off by one day", "_arrays.py", "[window.hi for", "[window.hi + 1 for"),
    ("conversion used for win probability", "_arrays.py", "on * wins[None, :, s + 1]", "on"),
    ("a stage skipped", "_remaining.py", "self.laws[:0:-1], self._values[:0:-1]",
     "self.laws[:1:-1], self._values[:1:-1]"),
    ("purpose word reused", "kernels/outcomes.py", "AMOUNT_HIGH = np.uint64(1)",
     "AMOUNT_HIGH = np.uint64(0)"),
    ("last tile cut wrong", "_blocks.py", "Block(bookings[:, :paths], wins[:, :paths])",
     "Block(bookings[:, padded - paths :], wins[:, padded - paths :])"),
    ("cents lost in rounding", "kernels/outcomes.py", "* size[lane] + 0.5)", "* size[lane])"),
    ("cents lost in a flush", "kernels/outcomes.py", "total[k, lane] += partial[k, lane]",
     "total[k, lane] += partial[k, lane] // 2 * 2"),
    ("cycle factor inverted", "kernels/outcomes.py", "end_place[k] - slowness[lane]",
     "end_place[k] + slowness[lane]"),
    ("amount factor not mean one", "_blocks.py", "size * e - 0.5 * size * size", "size * e"),
    ("segment factor left out", "_blocks.py", "+= np.sqrt(rho) * factor", "+= 0.0 * factor"),
    ("same draw on every path", "_blocks.py", "points(seed, DRAW, first, paths) * draws",
     "points(seed, DRAW, first, paths) * 0"),
    ("own win probability ignored", "_arrays.py", "stated = ~np.isnan(standing.own)",
     "stated = np.zeros(len(standing.own), bool)"),
    ("booked counted in every period", "forecast.py", "[0] * (len(quotas) - 1)",
     "[self.scenario.booked_cents] * (len(quotas) - 1)"),
]  # fmt: skip


def first_failure(copy: Path) -> str | None:
    """Return the first test that fails on the copy, None if all pass."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy / "src"),
        "NUMBA_CACHE_DIR": str(copy / "c"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header"]
    done = subprocess.run(
        [*command, *(f"tests/{name}" for name in TESTS)],
        cwd=copy, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"^(?:FAILED|ERROR) tests/(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode == 0:
        return None
    return found.group(1) if found else f"exit {done.returncode}: {done.stdout[-300:]}"


def seen(name: str, old: str, new: str) -> str | None:
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
        return first_failure(copy)


def main() -> int:
    """Print the table; return 1 if a break went unseen."""
    unseen = 0
    print("| break | first test that fails |\n|---|---|", flush=True)
    for what, name, old, new in BREAKS:
        failed = seen(name, old, new)
        unseen += failed is None
        print(f"| {what} | {failed or 'NONE'} |", flush=True)
    return int(unseen > 0)


if __name__ == "__main__":
    sys.exit(main())
