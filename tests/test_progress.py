"""The progress bar: seen on a terminal, silent elsewhere, closed in the end."""

import io
import sys

import pytest

import funnelsim as fs
from funnelsim import progress_bar

SCENARIO = fs.Scenario(
    as_of="2026-12-31",
    periods=fs.Periods(count=2),
    funnel=fs.Funnel.key_account(time=30),
    pipeline=fs.Pipeline.from_frame({"stage": ["proposal"], "amount": [1000]}),
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def bar_on(stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    return progress_bar()


def test_a_terminal_shows_how_far_the_paths_are(monkeypatch):
    terminal = Terminal()
    bar = bar_on(terminal, monkeypatch)
    bar(500, 2000)
    assert "/2.00k" in terminal.getvalue()
    bar(2000, 2000)
    written = terminal.getvalue()
    bar.close()
    assert terminal.getvalue() == written  # closed by itself
    assert written.endswith("\r")  # and taken away


def test_the_forecast_is_the_same_with_a_bar(monkeypatch):
    terminal = Terminal()
    with_bar = fs.simulate(SCENARIO, paths=20_000, progress=bar_on(terminal, monkeypatch))
    assert "/20.0k" in terminal.getvalue()
    assert with_bar.to_dict() == fs.simulate(SCENARIO, paths=20_000).to_dict()


@pytest.mark.parametrize("stream", [io.StringIO(), None, object()])
def test_nothing_is_shown_elsewhere(monkeypatch, stream):
    bar = bar_on(stream, monkeypatch)
    fs.simulate(SCENARIO, paths=100, progress=bar)
    bar.close()
    assert not isinstance(stream, io.StringIO) or stream.getvalue() == ""


def test_a_bar_serves_again_after_an_interruption(monkeypatch):
    terminal = Terminal()
    bar = bar_on(terminal, monkeypatch)
    bar(1500, 2000)
    bar(500, 2000)  # what was stopped at 1500 begins anew
    assert terminal.getvalue().count(" 0%") == 2
    bar(2000, 2000)
    bar(1000, 1000)
    assert "/1.00k" in terminal.getvalue()


def test_an_interruption_passes_through(monkeypatch):
    terminal = Terminal()
    bar = bar_on(terminal, monkeypatch)

    def stop(done, total):
        bar(done, total)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fs.simulate(SCENARIO, paths=20_000, threads=2, progress=stop)
    bar.close()
    bar.close()
    assert terminal.getvalue().endswith("\r")


def test_tqdm_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(fs.InputError, match=r"tqdm must be installed .*; pip install 'funnelsim"):
        progress_bar()
