"""Effects of a history's segments: those of its closed deals, and of nothing later."""

import numpy as np
import pytest

from funnelsim.errors import InputError
from funnelsim.events import LOST, WON, EventLog
from funnelsim.fitting.signal_history import fit_known_signals
from funnelsim.fitting.signals_fit import fit_signals

DEALS = 300
START = 738000


@pytest.fixture(scope="module")
def history():
    """Return a log of deals that close 20 days after their creation, one a day, and its table."""
    random = np.random.Generator(np.random.Philox(1))
    coach = random.random(DEALS) < 0.5
    won = random.random(DEALS) < np.where(coach, 0.6, 0.2)
    day = np.arange(DEALS)
    segments = {
        "coach": np.where(coach, "yes", "no").tolist(),
        "account": [f"A{k // 2}" for k in day],
    }
    log = EventLog(
        [f"D{k}" for k in day], ["offer"], deal=np.r_[day, day],
        time=START + np.r_[day, day + 20.0], amount=np.full(2 * DEALS, 1e4),
        state=np.r_[np.zeros(DEALS), np.where(won, WON, LOST)].astype(int), segments=segments,
    )  # fmt: skip
    return log, segments | {"Status": np.where(won, "won", "lost").tolist()}


def test_a_history_gives_the_effects_of_its_table(history):
    log, table = history

    found = fit_known_signals(log.as_of(log.last_day), "coach")

    assert found.effects == fit_signals(table, won="won", columns=["coach"]).effects
    assert found.effect("coach", "yes").evidence == "shown"


def test_deals_that_are_open_are_left_out(history):
    log, table = history

    found = fit_known_signals(log.as_of(START + 120), ["coach"], groups="account")

    assert len(found.deals) == 101
    early = {name: cells[:101] for name, cells in table.items()}
    expected = fit_signals(early, won="won", columns=["coach"], groups="account")
    assert found.effects == expected.effects
    assert found.to_dict()["groups"] == 51


def test_segments_that_are_not_there_are_refused(history):
    known = history[0].as_of(START + 200)

    with pytest.raises(InputError, match="did you mean 'coach'"):
        fit_known_signals(known, "coahc")
    with pytest.raises(InputError, match="account"):
        fit_known_signals(known, "coach", groups="acount")
    with pytest.raises(InputError, match="history knows"):
        fit_known_signals(history[1], "coach")
    with pytest.raises(InputError, match="10 closed deals"):
        fit_known_signals(history[0].as_of(START + 22), "coach")
