"""The command line: forecast a scenario file, or check it."""

from funnelsim.cli import forecast
from funnelsim.cli.commands import main

__all__ = ["main"]

main.add_command(forecast.forecast)
main.add_command(forecast.check)
