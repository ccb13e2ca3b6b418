"""A forecast in a few lines, as text and as a fragment of HTML."""

from html.parser import HTMLParser

import pytest

import funnelsim as fs
from funnelsim.summary import html_summary, notes_of, text_summary
from tests.test_forecast import forecast, scenario

VOID = {"br", "hr", "img"}
WIDE = "大客户 2027 😀 \u202e\u0301"
HOSTILE = '<script>alert("1 & 2")</script>'


class Balanced(HTMLParser):
    """Reads a fragment, and fails where a tag is not closed in its place."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, _):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_the_text_says_the_answers():
    found = forecast(quota=[100, 200, 300, 400])
    answer, text = found.to_dict(), repr(found)
    assert text.splitlines()[0] == "Test: as of 2026-12-31, 2,000 paths, seed 1"
    chance = answer["attainment_probability"]
    assert f"{100 * chance['value']:.2f} % (95 % interval {100 * chance['low']:.2f} to" in text
    for words in (
        "1,000 EUR", "200 EUR", "3,300 EUR", "chance to reach every period's", "4.12",
        "period", "mean", "P10", "P50", "P90", "wins", "quota", "chance", "so far",
    ):  # fmt: skip
        assert words in text
    assert (
        "warning: 1 deal whose stated close date is not after 2026-12-31: the date is ignored (E)"
    ) in text


def test_the_table_of_the_text_lines_up():
    text = repr(forecast(quota=[100, 200_000, 300, 400]))
    table = text.split("\n\n")[2].splitlines()
    assert len(table) == 5
    assert len({len(line) for line in table}) == 1
    assert table[2].startswith("2027-02-01 to 2027-02-28 ")
    assert "200,000" in table[2]


def test_without_a_quota_nothing_is_said_of_it():
    text = repr(forecast(quota=None))
    for words in ("quota", "chance", "so far", "coverage"):
        assert words not in text


def test_one_quota_has_a_column_of_the_way_to_it():
    table = repr(forecast()).split("\n\n")[2].splitlines()
    assert table[0].split() == ["period", "mean", "P10", "P50", "P90", "wins", "so", "far"]
    assert all(line.endswith(" %") for line in table[1:])


def test_a_scenario_without_a_name_or_currency():
    text = repr(forecast(name="", currency=""))
    assert text.startswith("Forecast: as of 2026-12-31")
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_the_html_says_the_same_as_the_text():
    found = forecast(quota=[100, 200, 300, 400])
    page = Balanced(found._repr_html_())
    assert page.tags.count("table") == 2
    assert page.tags.count("tr") == len(found.to_dict()["periods"]) + 1 + 10
    for cell in page.text:
        assert cell in repr(found)


def hostile():
    deals = fs.Pipeline.from_deals(
        [{"id": HOSTILE, "stage": HOSTILE, "amount": 5, "close_date": "2026-01-01"}]
    )
    funnel = fs.Funnel.from_percentages([HOSTILE, "won"], [0.5, 1], time=5)
    return forecast(2, name=HOSTILE, currency=HOSTILE, funnel=funnel, pipeline=deals)


def test_names_from_files_are_escaped():
    text = hostile()._repr_html_()
    page = Balanced(text)
    assert "<script" not in text
    assert "script" not in page.tags
    assert "&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;" in text
    assert sum(HOSTILE in part for part in page.text) >= 3  # heading, currency, warning


def test_the_text_is_not_escaped():
    assert repr(hostile()).startswith(HOSTILE)


@pytest.mark.parametrize("name", [WIDE, "a\nb", "\x00\x1b[31m", "x" * 5000], ids=range(4))
def test_any_name_can_be_written(name):
    deals = fs.Pipeline.from_deals(
        [{"id": name, "stage": "meeting", "amount": 5, "close_date": "2026-01-01"}]
    )
    found = forecast(2, name=name, currency=name, pipeline=deals)
    assert name in repr(found)
    assert repr(found).encode()
    Balanced(found._repr_html_())


def test_the_first_five_of_many_deals_are_named():
    warning = {"code": "c", "count": 7, "ids": list("abcdefg"), "message": "too old"}
    assert notes_of([warning]) == ["warning: 7 too old (a, b, c, d, e and 2 more)"]
    five = warning | {"count": 5, "ids": list("abcde")}
    assert notes_of([five]) == ["warning: 5 too old (a, b, c, d, e)"]
    none = {"code": "no-deals", "count": 0, "ids": [], "message": "no deals"}
    assert notes_of([none, five])[0] == "warning: no deals"


def test_periods_by_edges_are_written_as_days():
    text = repr(forecast(2, periods=fs.Periods(edges=[0, 30, 45.5])))
    assert "0 to 30 " in text
    assert "30 to 45.5 " in text


def test_both_read_the_answer_as_it_was_saved():
    found = fs.simulate(scenario(), paths=2)
    answer = found.to_dict()
    assert text_summary(answer) == repr(found)
    assert html_summary(answer) == found._repr_html_()
