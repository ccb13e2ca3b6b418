"""The command line: forecast a scenario file, check it, or plan the work of contracts."""

from funnelsim.cli import forecast, plan, required
from funnelsim.cli.commands import main

__all__ = ["main"]

main.add_command(forecast.forecast)
main.add_command(forecast.check)
main.add_command(plan.plan)
main.add_command(plan.statements)
main.add_command(required.required)
