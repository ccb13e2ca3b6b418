"""What happened to deals: one canonical log of events, whatever system recorded it."""

from funnelsim.events.known import NEVER, Known
from funnelsim.events.log import LOST, WON, EventLog, Treatment
from funnelsim.events.reading import read_events
from funnelsim.events.recognition import Recognised

__all__ = ["LOST", "NEVER", "WON", "EventLog", "Known", "Recognised", "Treatment", "read_events"]
