"""From a history to assumptions, each with how sure it is."""

from funnelsim.fitting.fit import Fit, fit_known

__all__ = ["Fit", "fit_known"]
