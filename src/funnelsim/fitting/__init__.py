"""From a history to assumptions, each with how sure it is."""

from funnelsim.fitting.fit import Fit, fit_known
from funnelsim.fitting.shrunk_cell import ShrunkCell
from funnelsim.fitting.signal_history import fit_known_signals
from funnelsim.fitting.signals_fit import SignalFit, fit_signals

__all__ = ["Fit", "ShrunkCell", "SignalFit", "fit_known", "fit_known_signals", "fit_signals"]
