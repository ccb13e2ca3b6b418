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

NEW_TESTS = ["test_exact_creation.py", "test_exact_repeats.py", "test_exact_required.py",
             "test_exact_activities.py"]  # fmt: skip
WALK_TESTS = ["test_trajectories_twin.py", "test_trajectories.py", "test_trajectories_law.py"]
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
    ("last tile cut wrong", "_blocks.py", "Block(bookings[:, :paths], wins[:, :paths], None)",
     "Block(bookings[:, padded - paths :], wins[:, padded - paths :], None)"),
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
    ("booked counted in every period", "futures.py", "[0] * (len(quotas) - 1)",
     "[self._goal.booked_cents] * (len(quotas) - 1)"),
]  # fmt: skip

NEW_BREAKS = [
    ("rates not pro rata", "new_business.py", "rate * window.share * ", "rate * "),
    ("season ignored", "new_business.py", " * self._season_of(window, day)", ""),
    ("growth to the end of a period", "new_business.py", "0.5 * (window.lo + window.hi)",
     "1.0 * (window.hi)"),
    ("frailty ignored", "_creation.py", "mean[c] *= _read_quantiles(", "_ = _read_quantiles("),
    ("frailty of a part that of the whole", "_creation.py", "business.dispersion / share",
     "business.dispersion"),
    ("sign of the market swing", "_creation.py", "exponential(new.swing * z",
     "exponential(-new.swing * z"),
    ("market swing not mean one", "_creation.py", " - 0.5 * new.swing * new.swing", ""),
    ("persistence ignored", "_creation.py", "= phi * z[year - 1]", "= 0.0 * z[year - 1]"),
    ("a period in one year of the market", "_creation.py", "math.ceil(ends[-1] / YEAR)", "1"),
    ("cycle factor of new business inverted", "_creation.py", "(factors.slowness * shared.step",
     "(-factors.slowness * shared.step"),
    ("draws of the rate ignored", "_creation.py", "* new.factor[factors.draw]",
     "* new.factor[0 * factors.draw]"),
    ("planned deals at the start of a period", "kernels/births.py",
     "level_of_word(lanes.uniform[1, lane]) * length", "0.5 * length"),
    ("repeats open no others", "kernels/repeats.py",
     "number = opened(repeats.more, np.int32(w[3] >> ONE))", "number = 0"),
    ("repeats of the amount of new business", "_walks.py", "repeat.amount or business.amount",
     "business.amount"),
    ("passage off by one", "kernels/passage.py", "deals[lane] = one + 1", "deals[lane] = one"),
    ("passage of a lane alone off by one", "kernels/passage.py", "return one + 1",
     "return one + 2"),
    ("extra deals enter at once", "_extra_deals.py", "last - start if day", "last if day"),
    ("new business not counted first", "_needs.py", "key, self._total)", "key, self._before)"),
    ("rate for one win more", "_needs.py", "gammaincinv(wins[possible],",
     "gammaincinv(1 + wins[possible],"),
    ("entries counted a period late", "kernels/births.py",
     "lanes.entered[stage, births.period[j], lane]",
     "lanes.entered[stage, births.period[j] + 1, lane]"),
]  # fmt: skip

WALK_BREAKS = [
    ("residual time without the age taken off", "kernels/walking.py", "max(time - age, 0.0)",
     "max(time, 0.0)"),
    ("residual time not given the age", "kernels/walking.py", "survival * level_of_word(word)",
     "level_of_word(word)"),
    ("loss times ignored on the way", "kernels/walking.py", "table = law[lost,", "table = law[0,"),
    ("loss survival ignored on the way", "kernels/walking.py", "survival = alive[lost,",
     "survival = alive[0,"),
    ("one word for the times of all stages", "kernels/walking.py",
     "FIRST_TIME + np.uint64(s), key, uniform)", "FIRST_TIME, key, uniform)"),
    ("cycle factor ignored on the way", "kernels/walking.py", "rest[lane] * pace[lane]",
     "rest[lane]"),
    ("times not scaled to a close date", "kernels/trajectories.py",
     "scale = close / clock[lane] if", "scale = 1.0 if"),
    ("open deals stand one stage on", "kernels/trajectories.py",
     "if deals.stage[group] == s else", "if deals.stage[group] == s - 1 else"),
    ("created deals all on the first day", "kernels/births.py",
     "+ level_of_word(lanes.uniform[1, lane]) * length", "+ 0.0 * length"),
    ("period of birth too early", "kernels/births.py", "later = total[middle, lane] <= place",
     "later = total[middle, lane] <= 0.9 * place"),
    ("planned deals in the period before", "kernels/births.py",
     "births.planned[middle] <= number", "births.planned[middle] < number"),
    ("created deals without a market", "kernels/births.py", "shift, births.moved, lanes.chance",
     "shift, False, lanes.chance"),
    ("days of created deals not on the clock", "kernels/births.py",
     "clock_at(road.tau, day)", "day"),
    ("delay of repeats ignored", "kernels/repeats.py", "at = clock + time_at(",
     "at = clock + 0.0 * time_at("),
    ("four paths with the same repeats", "kernels/repeats.py",
     "np.uint64(number) + np.uint64(lane // LANES)", "np.uint64(number)"),
    ("days rounded down", "kernels/days.py", "np.int64(np.ceil(reached))",
     "np.int64(np.floor(reached))"),
    ("first wins not in order", "kernels/days.py",
     "while place > 0 and signed[place - 1, path] > day", "while False"),
    ("wins of open deals as new business", "kernels/settling.py", "        if new:",
     "        if True:"),
]  # fmt: skip


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
    for breaks, tests in ((BREAKS, TESTS), (NEW_BREAKS, NEW_TESTS), (WALK_BREAKS, WALK_TESTS)):
        for what, name, old, new in breaks:
            if words and not any(word in what for word in words):
                continue
            failed = seen(name, old, new, tests)
            unseen += failed is None
            print(f"| {what} | {failed or 'NONE'} |", flush=True)
    return int(unseen > 0)


if __name__ == "__main__":
    sys.exit(main())
