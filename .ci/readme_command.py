"""Print the n-th sh block of a Markdown file: `python readme_command.py README.md 2`."""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text("utf-8")
blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
print(blocks[int(sys.argv[2]) - 1].strip())
