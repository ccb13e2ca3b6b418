"""Percentages against counts: where they disagree, and the deals that each asks for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import funnelsim as fs

METHOD = (0.10, 0.20, 0.45, 0.50, 0.80, 1.0)


def test_both_statements_of_the_method():
    both = fs.compare_statements()

    assert both.activities[0] == pytest.approx([10, 5, 20 / 9, 2, 1.25, 1])
    assert both.activities[1] == pytest.approx([6, 5, 3, 3, 2, 1])
    assert both.conversions[0] == pytest.approx([1 / 2, 4 / 9, 9 / 10, 5 / 8, 4 / 5])
    assert both.conversions[1] == pytest.approx([5 / 6, 3 / 5, 1, 2 / 3, 1 / 2])
    assert both.win_probabilities[0] == pytest.approx(METHOD)
    assert both.win_probabilities[1] == pytest.approx([1 / 6, 1 / 5, 1 / 3, 1 / 3, 1 / 2, 1])
    assert both.disagree == ("training", "consulting", "proposal", "negotiation")


def test_deals_that_each_asks_for():
    both = fs.compare_statements()

    assert both.deals_needed.tolist() == [[97, 124, 140], [58, 74, 83]]
    assert both.planned_deals == (100, 60)


def test_a_plan_by_the_wrong_statement_fails():
    (_, at_ease), (short, even) = fs.compare_statements().chances

    assert short == pytest.approx(0.0731, abs=5e-5)  # 60 meetings, and 10 % are won
    assert even == pytest.approx(0.5536, abs=5e-5)  # 60 meetings, and one in six is won
    assert at_ease == pytest.approx(stats.binom.sf(9, 100, 1 / 6))


def test_the_variant_disagrees_elsewhere():
    both = fs.compare_statements(counts="9-6-5-5-3-1")

    assert both.deals_needed[1].tolist() == [
        10 + stats.nbinom.ppf(level, 10, 1 / 9) for level in (0.5, 0.8, 0.9)
    ]
    assert both.ratio == pytest.approx([10 / 9, 5 / 6, 4 / 9, 2 / 5, 5 / 12, 1])


@given(
    st.lists(st.floats(0.05, 1.0), min_size=1, max_size=6),
    st.integers(1, 300),
    st.floats(0.05, 0.95),
)
def test_a_statement_agrees_with_itself(wins, contracts, confidence):
    percentages = [*sorted(wins), 1.0]
    counts = [1 / win for win in percentages]

    both = fs.compare_statements(percentages, counts, contracts=contracts, confidence=confidence)

    assert both.disagree == ()
    assert both.ratio == pytest.approx(1)
    by_percentages, by_counts = both.deals_needed[:, 0]
    assert abs(by_percentages - by_counts) <= 1  # where a chance meets the confidence
    assert "The statements agree." in repr(both)


def test_one_confidence_or_several():
    assert fs.compare_statements(confidence=0.8).deals_needed.tolist() == [[124], [74]]
    assert fs.compare_statements(confidence=[0.9, 0.5]).deals_needed.tolist() == [
        [140, 97],
        [83, 58],
    ]


def test_names_come_from_what_was_given():
    own = fs.Funnel.from_percentages(["open", "won"], [0.2, 1.0], time=3)

    assert fs.compare_statements(own, "4-1").names == ("open", "won")
    assert fs.compare_statements([0.2, 1.0], own).names == ("open", "won")
    assert fs.compare_statements([0.2, 1.0], "4-1").names == ("stage 1", "stage 2")
    named = fs.compare_statements(own, "4-1", names=["a", "b"])
    assert named.names == named.percentages.names == named.counts.names == ("a", "b")
    assert fs.compare_statements().names[0] == "training"


def test_columns_and_frames_have_a_row_for_each_stage():
    both = fs.compare_statements()

    columns = both.columns()

    assert columns["stage"] == list(both.names)
    assert columns["activities_counts"] == pytest.approx([6, 5, 3, 3, 2, 1])
    assert columns["conversion_percentages"][-1] is None
    assert both.to_frame(backend="polars").to_dict(as_series=False) == columns


def test_the_answer_is_json():
    answer = json.loads(json.dumps(fs.compare_statements().to_dict(), allow_nan=False))

    assert answer["stages"][0] == {
        "name": "training",
        "win_probability": {"percentages": 0.1, "counts": pytest.approx(1 / 6)},
        "conversion": {"percentages": 0.5, "counts": pytest.approx(5 / 6)},
        "activities": {"percentages": 10.0, "counts": pytest.approx(6)},
        "ratio": pytest.approx(5 / 3),
    }
    assert answer["deals_needed"][1] == {"confidence": 0.8, "percentages": 124, "counts": 74}
    assert answer["planned_deals"][1]["deals"] == 60
    assert answer["planned_deals"][1]["chance"]["percentages"] == pytest.approx(0.0731, abs=5e-5)


def test_the_text_names_the_widest_disagreement_first():
    text = repr(fs.compare_statements())

    assert (
        "They disagree, by the ratio of activities p/c, in training (1.67), negotiation (0.625), "
        "proposal (0.667), consulting (0.741)." in text
    )
    assert "97" in text
    assert "7.3 %" in text


DRAWS = fs.Funnel(
    (fs.Stage("open", conversion=[0.1, 0.2], time=1), fs.Stage("won", win_probability=1.0))
)
OWN = fs.Funnel.from_counts("6-5-3-3-2-1", 1)
WRONG = [
    ({"percentages": DRAWS}, "percentages must be a funnel without draws"),
    ({"percentages": [0.5, 1.0], "counts": DRAWS}, "counts must be a funnel without draws"),
    ({"counts": "3-2-1"}, "counts must have as many stages as percentages, 6, got 3"),
    ({"counts": "6-5-x"}, "counts must be numbers joined by '-', got '6-5-x'"),
    ({"percentages": "10-20"}, "percentages must be win probabilities, one per stage"),
    ({"percentages": [10, 100]}, "win_probability of stage 'stage 1' must be in (0, 1], got 10"),
    ({"contracts": 0}, "contracts must be a whole number of at least 1"),
    ({"contracts": 2.5}, "contracts must be a whole number of at least 1"),
    ({"confidence": 80}, "confidence must be in (0, 1), got 80; 80 % is given as 0.8"),
    ({"confidence": []}, "confidence must be one number or several"),
    ({"confidence": "0.8"}, "confidence must be in (0, 1), got '0.8'"),
    ({"names": ["a", "b"]}, "names must have one entry for each of the 6 stages, got 2"),
    ({"names": "abcdef"}, "names must be a list of the stages' names, got 'abcdef'"),
    ({"percentages": OWN, "counts": OWN, "names": ["a"] * 6}, "names of stages must differ"),
]


@pytest.mark.parametrize(("given", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_input_is_said_of_its_field(given, message):
    with pytest.raises(fs.InputError) as error:
        fs.compare_statements(**given)
    assert str(error.value).startswith(message)
