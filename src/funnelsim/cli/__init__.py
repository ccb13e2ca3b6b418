"""The command line: from scenario files, from histories, or from a few numbers to answers."""

from funnelsim.cli import (
    accounts,
    forecast,
    history,
    people,
    plan,
    planning,
    required,
    signals,
    workbook,
)
from funnelsim.cli.commands import main

__all__ = ["main"]

main.add_command(forecast.forecast)
main.add_command(forecast.check)
main.add_command(workbook.template)
main.add_command(plan.plan)
main.add_command(plan.statements)
main.add_command(required.required)
main.add_command(people.capacity)
main.add_command(people.priorities)
main.add_command(accounts.accounts)
main.add_command(history.fit)
main.add_command(signals.signals)
main.add_command(history.outlook)
main.add_command(history.backtest)
main.add_command(planning.compare)
main.add_command(planning.sweep)
main.add_command(planning.sensitivity)
main.add_command(planning.worth)
main.add_command(planning.solve)
main.add_command(planning.inputs)
