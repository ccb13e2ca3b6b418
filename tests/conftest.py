"""Hypothesis without deadlines (a busy machine is no failure), the same examples on every run.

In the end, the worst comparison of each file of statistical tests is printed.
"""

from hypothesis import settings

from tests.oracles.compare import WORST

settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.load_profile("unhurried")


def pytest_terminal_summary(terminalreporter):
    for file, (count, (worst,)) in sorted(WORST.items()):
        terminalreporter.write_line(f"{file}: worst of {count} comparisons: {worst}")
