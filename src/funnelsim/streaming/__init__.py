"""Answers of very many paths, none of which is kept."""

from funnelsim.streaming.forecast import StreamedForecast
from funnelsim.streaming.run import stream

__all__ = ["StreamedForecast", "stream"]
