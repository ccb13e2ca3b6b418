"""The canonical log, and what it says was known on a day."""

from __future__ import annotations

import numpy as np
import pytest

import funnelsim as fs
from funnelsim.events import LOST, NEVER, WON, EventLog

STAGES = ["meeting", "proposal", "negotiation"]


def log_of(*events, **more):
    """Return the log of (deal, day, state, amount)."""
    ids = list(dict.fromkeys(event[0] for event in events))
    deal, time, state = zip(*[(ids.index(e[0]), e[1], e[2]) for e in events], strict=True)
    amount = [e[3] if len(e) > 3 else np.nan for e in events]
    return EventLog(ids, STAGES, deal=deal, time=time, state=state, amount=amount, **more)


def test_a_deal_goes_through_its_stages_and_is_won():
    known = log_of(("A", 1, 0, 5.0), ("A", 4, 1, 7.0), ("A", 9, 2), ("A", 20, WON, 6.0)).as_of(20)
    assert known.entry[:, 0].tolist() == [1, 4, 9]
    assert (known.closed[0], known.won[0], known.booked[0]) == (20, True, 6.0)
    assert known.amount[0] == 7.0


def test_nothing_later_is_known():
    events = [("A", 1, 0, 5.0), ("B", 2, 0), ("A", 4, 1, 7.0), ("A", 20, WON, 6.0), ("C", 21, 0)]
    whole, cut = log_of(*events), log_of(*events[:3], record_start=1, last_day=21)
    for day in (3, 4, 19):
        for name in ("entry", "closed", "won", "amount", "booked"):
            found, expected = getattr(whole.as_of(day), name), getattr(cut.as_of(day), name)
            np.testing.assert_array_equal(found, expected)


def test_the_day_of_the_as_of_date_is_in_to_its_end():
    log = log_of(("A", 1.5, 0), ("B", 2.99, 0), ("C", 3.0, 0))
    assert [len(log.as_of(day)) for day in (1, 2, 3)] == [1, 2, 3]


def test_stages_that_are_skipped_are_passed_in_no_time():
    known = log_of(("A", 1, 0), ("A", 4, 2), ("B", 1, 0), ("B", 9, WON)).as_of(9)
    assert known.entry.T.tolist() == [[1, 4, 4], [1, 9, 9]]


def test_a_deal_that_starts_late_in_the_funnel_was_created_then():
    known = log_of(("A", 3, 1), ("B", 5, WON), ("C", 5, LOST)).as_of(9)
    assert known.entry.T.tolist() == [[3, 3, NEVER], [5, 5, 5], [5, NEVER, NEVER]]
    assert known.stage.tolist() == [1, 2, 0]


def test_a_deal_that_moves_back_stays_where_it_had_come_to():
    known = log_of(("A", 1, 0), ("A", 4, 2), ("A", 6, 1), ("A", 8, 2)).as_of(9)
    assert known.entry[:, 0].tolist() == [1, 4, 4]


def test_a_reopened_deal_is_open_until_it_closes_again():
    log = log_of(("A", 1, 0), ("A", 4, LOST), ("A", 6, 1), ("A", 8, WON, 3.0))
    assert log.as_of(5).lost.tolist() == [True]
    assert log.as_of(7).open.tolist() == [True]
    assert log.as_of(8).won.tolist() == [True]


def test_closes_are_recorded_from_the_first_one_where_many_deals_came_before():
    early = [(f"E{k}", k, 0) for k in range(20)]
    assert log_of(*early, ("E3", 50, WON)).record_start == 50
    assert log_of(*early[:19], ("E3", 50, WON)).record_start == 0
    assert log_of(*early).record_start == 0
    assert log_of(*early, ("E3", 50, WON), record_start=7).record_start == 7


def test_segments_are_coded_by_name():
    log = log_of(("A", 1, 0), ("B", 2, 0), ("C", 3, 0), segments={"region": ["S", "N", "S"]})
    codes, names = log.as_of(2).segments["region"]
    assert (codes.tolist(), names) == ([1, 0], ("N", "S"))
    some = log.as_of(3).only(np.array([True, False, True]))
    assert (some.ids, some.segments["region"][0].tolist()) == (("A", "C"), [1, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deal": []}, "events.deal must have 1 values"),
        ({"deal": [1]}, "events.deal must be in 0 to 0"),
        ({"state": [3]}, "events.state must be in -2 to 2"),
        ({"time": [np.nan]}, "events.time must be finite"),
        ({"deal": [], "time": [], "state": []}, "at least one event"),
        ({"segments": {"region": []}}, "segment 'region' must have 1 values"),
    ],
)
def test_what_is_no_log_is_refused(changes, message):
    with pytest.raises(fs.InputError, match=message):
        EventLog(["A"], STAGES, **{"deal": [0], "time": [1.0], "state": [0], **changes})


def test_a_day_before_the_first_event_is_refused():
    with pytest.raises(fs.InputError, match="not be before the first event"):
        log_of(("A", 7, 0)).as_of(6)
