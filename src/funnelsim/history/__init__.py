"""A history of deals: what it says of the future, and how well it would have said it before."""

from funnelsim.history.forecast import HistoryForecast
from funnelsim.history.history import History, backtest

__all__ = ["History", "HistoryForecast", "backtest"]
