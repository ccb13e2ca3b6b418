"""Scenario to and from a TOML file."""

from funnelsim.scenario_file.reading import read_scenario
from funnelsim.scenario_file.writing import write_scenario

__all__ = ["read_scenario", "write_scenario"]
