"""Rolling forecasts of the past, scored beside simple baselines."""

from funnelsim.backtesting.backtest import Backtest, backtest
from funnelsim.backtesting.track import TrackRecord, track_record

__all__ = ["Backtest", "TrackRecord", "backtest", "track_record"]
