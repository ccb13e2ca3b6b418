"""One sentence for bad input: field, rule, value, remedy."""

import pickle

import numpy as np
import pytest

from funnelsim.errors import (
    FunnelsimError,
    InputError,
    RowProblem,
    RowsError,
    nearest,
    shown,
    unknown,
)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("quota", "be given"), "quota must be given"),
        (("quota", "be above 0", None), "quota must be above 0, got None"),
        (("quota", "be above 0", 0, "leave it out"), "quota must be above 0, got 0; leave it out"),
        (
            ("quota", "be given", ..., "write it", "plan.toml, line 3"),
            "plan.toml, line 3: quota must be given; write it",
        ),
    ],
)
def test_the_sentence(parts, message):
    assert str(InputError(*parts)) == message


def test_a_place_is_put_in_front_and_the_parts_stay():
    error = InputError("quota", "be above 0", -1, "leave it out").at("plan.toml, line 3")
    assert str(error) == "plan.toml, line 3: quota must be above 0, got -1; leave it out"
    assert (error.field, error.rule, error.value, error.remedy, error.where) == (
        "quota", "be above 0", -1, "leave it out", "plan.toml, line 3",
    )  # fmt: skip


def test_it_is_caught_as_one_of_ours_and_as_a_value_error():
    for kind in (InputError, FunnelsimError, ValueError):
        with pytest.raises(kind):
            raise RowsError("deals.csv", [RowProblem(1, "amount", "be given")], "correct it")


PROBLEMS = [RowProblem(row, "amount", "be a number", "x", "write 5") for row in range(1, 13)]


@pytest.mark.parametrize(
    "error",
    [
        InputError("paths", "be at least 2", 1),
        InputError("quota", "be given", where="plan.toml"),
        RowsError("deals.csv", PROBLEMS, "correct them", "plan.toml, line 9"),
    ],
)
def test_errors_cross_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_rows_are_counted_and_the_first_ten_shown():
    lines = str(RowsError("deals.csv", PROBLEMS, "correct them")).splitlines()
    assert lines[0] == "deals.csv: 12 rows cannot be used"
    assert lines[1] == "  row 1: amount must be a number, got 'x'; write 5"
    assert lines[-2:] == ["  and 2 more", "correct them"]
    assert len(lines) == 13


def test_two_problems_of_a_row_are_one_row_and_a_place_goes_in_front():
    two = [RowProblem(4, "amount", "be given"), RowProblem(4, "stage", "be given")]
    assert str(RowsError("deals.csv", two, "correct it").at("plan.toml")) == (
        "plan.toml: deals.csv: 1 row cannot be used\n"
        "  row 4: amount must be given\n  row 4: stage must be given\ncorrect it"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.array(3), "3"),
        (np.array([1, 2]), "array([1, 2])"),
        ("a" * 58, "'" + "a" * 58 + "'"),
        ("a" * 59, "'" + "a" * 58 + "…"),
    ],
)
def test_values_are_shown_short_and_without_a_type(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("word", "near"),
    [("Moth", "month"), (" quarter ", "quarter"), ("weak", "Week"), ("zzz", None), ("", None)],
)
def test_the_nearest_known_word(word, near):
    assert nearest(word, ["month", "quarter", "Week"]) == near


def test_an_unknown_word_is_answered_with_what_exists():
    assert str(unknown("every", "moth", ["month", "week"])) == (
        "every must be a known name, got 'moth'; did you mean 'month'? known: month, week"
    )
    assert str(unknown("every", "zzz", ["month"], "be a period", where="p.toml")) == (
        "p.toml: every must be a period, got 'zzz'; known: month"
    )
