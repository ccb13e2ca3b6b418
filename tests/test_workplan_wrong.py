"""Wrong input to a work plan is said of its field."""

import pytest

import funnelsim as fs

SHORT = "6-5-3-3-2-1"

WRONG = {
    "6-5-x": ({"counts": "6-5-x"}, "counts must be numbers joined by '-', got '6-5-x'"),
    "growing": ({"counts": "5-6-1"}, "counts must not grow from a stage to the next"),
    "no contract": ({"counts": "6-5-2"}, "counts must end with 1, the contract, got 2.0"),
    "none": ({"counts": None}, "counts must be numbers of activities, got None"),
    "too many": ({"counts": "2000000-1"}, "counts must be at most 1e+06, got 2000000.0"),
    "no contracts": ({"contracts": None}, "contracts must be given; or a list of starts"),
    "negative": ({"contracts": -1}, "contracts must be in [0, 1e+06], got -1"),
    "nan": ({"contracts": float("nan")}, "contracts must be in [0, 1e+06], got nan"),
    "half a contract": ({"contracts": 2.5}, "contracts must be a whole number where contracts"),
    "one a month for ever": ({"contracts": 10_001}, "contracts must be at most 10000, one each"),
    "unknown start": ({"start": "montly"}, "start must be a known pattern, or a list, got"),
    "weekly by the month": ({"start": "weekly"}, "start must be 'monthly' where a period is a"),
    "no starts": ({"start": []}, "start must have 1 to 10000 periods, got 0"),
    "a negative start": ({"start": [1, -1]}, "entry 2 of start must be in [0, 1e+06], got -1"),
    "another sum": ({"start": [1, 1]}, "contracts must be the sum of the list, 2, got 3"),
    "start and due": ({"start": "once", "due": [3]}, "start must be left out where due is given"),
    "due a number": ({"due": 3}, "due must be a list of contracts per period, got 3"),
    "too short": ({"start": "inside", "window": 5}, "window must be at least 6 for a contract"),
    "no window": ({"window": 0}, "window must be a whole number of at least 1"),
    "negative lag": ({"lag": -1}, "lag must be a whole number of at least 0"),
    "half a lag": ({"lag": 1.5}, "lag must be a whole number of at least 0"),
    "negative lags": ({"lag": [1, 1, -1, 1, 1]}, "entry 3 of lag must be a whole number"),
    "two lags": ({"lag": [1, 1]}, "lag must have one entry for each of the 6 stages, or of the 5"),
    "long lags": ({"lag": 5000}, "lag must add up to at most 10000 periods, got 30000"),
    "a long plan": ({"lag": [9999, 0, 0, 0, 0, 0]}, "a plan must be done in 10000 periods"),
    "effort": ({"effort": "evry"}, "effort must be a known word, got 'evry'; did you mean 'every'"),
    "every": ({"every": "fortnight"}, "every must be a kind of period, got 'fortnight'"),
    "hours": ({"hours": -1}, "hours must be a finite number of at least 0, got -1"),
    "first": ({"first": "soon"}, "first must be a date, got 'soon'"),
    "the first day of all": ({"first": "0001-01-01"}, "first must be after 0001-01-01"),
    "the last day of all": ({"first": "9999-12"}, "first must let the last period end by 9999-12"),
    "two names": ({"names": ["a", "b"]}, "names must have one entry for each of the 6 stages"),
    "names a text": ({"names": "abcdef"}, "names must be a list of the stages' names"),
    "running a text": ({"running": "meeting"}, "running must be a list of RunningDeals"),
    "running a number": ({"running": [3]}, "running must hold RunningDeals, got 3"),
    "running nowhere": (
        {"running": [fs.RunningDeals("meting", 3)]},
        "stage of running deals must be a stage, got 'meting'; did you mean 'meeting'?",
    ),
    "running and won": (
        {"running": [fs.RunningDeals("contract", 3)]},
        "stage of running deals must come before the last, got 'contract'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_said_of_its_field(changed, message):
    with pytest.raises(fs.InputError) as error:
        fs.work_plan(**{"counts": SHORT, "contracts": 3} | changed)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stage": "", "deals": 3}, "stage of running deals must be the name of a stage, got ''"),
        ({"stage": "a"}, "running deals must be stated in deals or in contracts, got 'neither'"),
        (
            {"stage": "a", "deals": 1, "contracts": 1},
            "running deals must be stated in deals or in contracts, got 'both'",
        ),
        ({"stage": "a", "deals": -1}, "deals of running deals must be a finite number of at least"),
        ({"stage": "a", "contracts": float("inf")}, "contracts of running deals must be a finite"),
        ({"stage": "a", "deals": 1, "elapsed": -1}, "elapsed of running deals must be a whole"),
    ],
)
def test_wrong_running_deals(arguments, message):
    with pytest.raises(fs.InputError) as error:
        fs.RunningDeals(**arguments)
    assert str(error.value).startswith(message)


def test_uncertain_percentages_make_no_plan():
    stage = fs.Stage("open", conversion=[0.1, 0.2], time=1)
    funnel = fs.Funnel((stage, fs.Stage("won", win_probability=1.0)))

    with pytest.raises(fs.InputError, match="counts must be a funnel without draws"):
        fs.work_plan(funnel, 3)


def test_hours_of_some_stages_only_are_refused():
    stages = (
        fs.Stage("a", win_probability=0.1, time=1, hours=2),
        fs.Stage("b", win_probability=0.5, time=1),
        fs.Stage("won", win_probability=1.0),
    )

    with pytest.raises(fs.InputError, match="hours of stage 'b' must be given"):
        fs.work_plan(fs.Funnel(stages), 3)
