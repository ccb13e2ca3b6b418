"""A workbook recalculated by LibreOffice, where it is installed."""

import os
import re
import shutil
import subprocess
import zipfile

import pytest

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
needs_soffice = pytest.mark.skipif(SOFFICE is None, reason="needs LibreOffice Calc (soffice)")

ALWAYS_RECALCULATE = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" \
oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
FORMULA = re.compile(rb"(<c [^>]*>\s*<f>.*?</f>)<v>.*?</v>", re.DOTALL)


def recalculated(file, folder, kind="xlsx"):
    """Return what LibreOffice makes of a workbook whose formulas have lost their values."""
    bare = folder / "bare.xlsx"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(bare, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, FORMULA.sub(rb"\1", content) if "worksheets/" in name else content)
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE)
    out = folder / "out"
    command = [SOFFICE, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to"]
    subprocess.run(
        [*command, kind, "--outdir", str(out), str(bare)],
        check=True, capture_output=True, timeout=300, env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip
    return out / f"bare.{kind}"
