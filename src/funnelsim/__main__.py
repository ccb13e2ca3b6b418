"""``python -m funnelsim``."""

from funnelsim.cli import main

main(prog_name="funnelsim")
