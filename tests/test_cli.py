"""The command line: answers on standard output, messages on standard error, the exit status."""

import inspect
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import funnelsim as fs
from funnelsim import simulation
from funnelsim.cli import main

SCENARIO = """\
name = "Schlüssel ± 客户"
currency = "CNY"
as_of = 2026-12-31
quota = 300_000
booked = 45_000
periods = { every = "quarter", count = 2 }
funnel = { preset = "key-account", time = { gamma = { mean = 30, cv = 0.6 } } }
[pipeline]
deals = [
  { id = "Ü1", stage = "proposal", amount = 300_000, age = 3 },
  { id = "Ü2", stage = "meeting", amount = 1_000 },
]
"""
WARNING = "taken as new (Ü2)"
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(fs.__file__).parents[1])}
FULL = Path("/dev/full")
RUN = "from funnelsim.cli import main\nmain()"
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def run(*arguments):
    mixed = "mix_stderr" in inspect.signature(CliRunner).parameters  # click 8.1
    runner = CliRunner(mix_stderr=False) if mixed else CliRunner()
    return runner.invoke(main, arguments, prog_name="funnelsim")


def refused(*arguments):
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def process(*arguments, **options):
    """Run a fresh interpreter."""
    command = [sys.executable, "-m", "funnelsim", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    options = {"env": ENVIRONMENT, "timeout": 100} | pipes | options
    return subprocess.run(command, check=False, **options)


# --- forecast ---


@pytest.mark.usefixtures("plan")
def test_forecast_prints_the_summary():
    done = run("forecast", "plan.toml", "--paths", "2000", "--seed", "7")
    assert (done.exit_code, done.stderr) == (0, "")
    scenario = fs.read_scenario("plan.toml")
    assert done.stdout == f"{fs.simulate(scenario, paths=2000, seed=7)!r}\n"
    assert "2,000 paths, seed 7" in done.stdout
    assert WARNING in done.stdout


def test_json_in_a_file_comes_with_the_summary(plan):
    done = run("forecast", "plan.toml", "--paths", "2000", "--json", "answer.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "chance to reach it" in done.stdout
    written = (plan / "answer.json").read_bytes()
    expected = fs.simulate(fs.read_scenario("plan.toml"), paths=2000).to_dict()
    assert json.loads(written) == expected
    assert written == (json.dumps(expected, indent=2, ensure_ascii=False) + "\n").encode()
    assert sorted(one.name for one in plan.iterdir()) == ["answer.json", "plan.toml"]


def test_activities_can_be_left_out_of_the_json_answer(plan):
    for options, there in (((), True), (("--no-activities",), False)):
        run("forecast", "plan.toml", "--paths", "100", "--json", "answer.json", *options)
        answer = json.loads((plan / "answer.json").read_text("utf-8"))
        assert (answer["activities"] is not None) is there


@pytest.mark.usefixtures("plan")
def test_json_on_standard_output_comes_alone():
    done = run("forecast", "plan.toml", "--paths", "2000", "--json", "-")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["scenario"] == "Schlüssel ± 客户"
    assert WARNING in done.stderr


@pytest.mark.compiled
def test_the_bytes_are_the_same_whatever_the_threads(plan):
    answers = []
    for threads in ("1", "2", "5"):
        run("forecast", "plan.toml", "--paths", "20000", "--threads", threads, "--json", "a.json")
        answers.append((plan / "a.json").read_bytes())
    assert answers[0] == answers[1] == answers[2]


def test_an_answer_that_exists_is_replaced(plan):
    answer = plan / "answer.json"
    answer.write_text("x" * 100_000)
    answer.chmod(0o640)
    run("forecast", "plan.toml", "--paths", "100", "--json", "answer.json")
    assert json.loads(answer.read_text("utf-8"))["paths"] == 100
    assert answer.stat().st_mode & 0o777 == 0o640


@pytest.mark.compiled
def test_an_infinite_mean_is_null(plan):
    amount = "{ pareto = { alpha = 1, low = 5 } }"
    (plan / "plan.toml").write_text(SCENARIO.replace("300_000, age", f"{amount}, age"), "utf-8")
    done = run("forecast", "plan.toml", "--paths", "100", "--json", "-")
    answer = json.loads(done.stdout)
    assert (answer["open_pipeline"], answer["weighted_pipeline"], answer["coverage"]) == (None,) * 3
    assert re.search(r"open pipeline +not finite", run("forecast", "plan.toml").stdout)


# --- check ---


@pytest.mark.usefixtures("plan")
def test_check_says_what_was_read():
    done = run("check", "plan.toml")
    assert done.exit_code == 0
    assert done.stdout == "plan.toml is fine: 2 deals, 2 periods, 6 stages, 1 warning\n"
    assert WARNING in done.stderr


def test_check_without_anything_to_warn_of(plan):
    text = SCENARIO.replace("amount = 1_000 }", "amount = 1_000, age = 1 }")
    (plan / "plan.toml").write_text(text, "utf-8")
    done = run("check", "plan.toml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "plan.toml is fine: 2 deals, 2 periods, 6 stages, 0 warnings\n"


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("per_period = 8", "16 new deals on average"),
        ("per_period = [1, 0]\nfactor = [0.5, 1.3]", "0.9 new deals on average"),
        ("per_period = [4, 3]\nplanned = true", "7 new deals"),
        ("per_period = [1, 0]", "1 new deal on average"),
    ],
)
def test_check_says_how_many_deals_will_be_created(plan, stated, said):
    (plan / "plan.toml").write_text(f"{SCENARIO}[new_business]\namount = 1\n{stated}\n", "utf-8")
    done = run("check", "plan.toml")
    assert done.stdout == (f"plan.toml is fine: 2 deals, {said}, 2 periods, 6 stages, 1 warning\n")


@pytest.mark.parametrize("command", ["check", "forecast"])
def test_what_is_wrong_is_said_with_its_place(plan, command):
    (plan / "plan.toml").write_text(SCENARIO.replace("300_000\n", "-1\n"), "utf-8")
    assert refused(command, "plan.toml") == (
        "error: plan.toml, line 4: quota must be a finite number above 0, got -1\n"
    )


# --- wrong input ---


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "error: Missing command.\nUsage: funnelsim"),
        (["forecst", "plan.toml"], "error: no such command 'forecst'; did you mean 'forecast'?"),
        (["plan.toml"], "error: no such command 'plan.toml'"),
        (["forecast"], "error: Missing argument 'SCENARIO'."),
        (["forecast", "plan.toml", "more"], "error: Got unexpected extra argument (more)"),
        (["forecast", "no.toml"], "'no.toml' must be a file that can be read; looked for "),
        (["forecast", "."], "'.' must be a file that can be read; looked for "),
        (["check", "no.toml"], "'no.toml' must be a file that can be read; looked for "),
        (["forecast", "plan.toml", "--path", "5"], "Did you mean --paths?"),
        (["forecast", "plan.toml", "--paths", "1"], "paths must be a whole number of at least 2"),
        (["forecast", "plan.toml", "--paths", "1e6"], "Invalid value for '--paths': '1e6' is not"),
        (["forecast", "plan.toml", "--seed", "-1"], "seed must be a whole number of at least 0"),
        (["forecast", "plan.toml", "--seed", str(2**64)], "and at most 18446744073709551615"),
        (["forecast", "plan.toml", "--seed", "9" * 5000], "is not a valid integer"),
        (["forecast", "plan.toml", "--threads", "0"], "threads must be a whole number of at least"),
        (["forecast", "plan.toml", "--html", "a"], "--html"),
        (["forecast", "no.toml", "--json", "."], "'.' must be a file that can be written; it is a"),
        (["forecast", "no.toml", "--json", "no/a.json"], "be a file that can be written; there is"),
        (["forecast", "no.toml", "--json", ""], "'' must be a file that can be written; a name is"),
        (
            ["forecast", "plan.toml", "--json", "plan.toml"],
            "--json must be another file than plan.toml",
        ),
    ],
)
def test_wrong_input_is_one_message_and_status_2(plan, arguments, expected):
    message = refused(*arguments).replace("'--paths'?", "--paths?")
    assert message.startswith("error: ")
    assert expected in message
    assert (plan / "plan.toml").read_text("utf-8") == SCENARIO


@pytest.mark.usefixtures("plan")
def test_more_paths_than_memory_holds(monkeypatch):
    def simulate(*_arguments, **_options):
        raise MemoryError

    monkeypatch.setattr(simulation, "simulate", simulate)
    message = refused("forecast", "plan.toml", "--paths", "4000000000")
    assert message.startswith("error: paths must fit into the memory of this machine, got 40000000")


def test_a_disk_that_is_full_leaves_the_old_answer(plan, monkeypatch):
    (plan / "answer.json").write_text("before")

    def fail(_source, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copymode", fail)
    message = refused("forecast", "plan.toml", "--paths", "100", "--json", "answer.json")
    assert message == (
        "error: 'answer.json' must be a file that can be written; No space left on device\n"
    )
    assert (plan / "answer.json").read_text() == "before"
    assert len(list(plan.iterdir())) == 2


def test_help_and_version():
    assert "forecast" in run("--help").stdout
    assert "--threads" in run("forecast", "--help").stdout
    done = run("--version")
    assert (done.exit_code, done.stdout) == (0, f"funnelsim {fs.__version__}\n")


# --- fresh interpreters ---


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom funnelsim.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'numba', 'scipy', 'tqdm', 'narwhals', 'tomli_w'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.usefixtures("plan")
def test_the_module_runs():
    done = process("check", "plan.toml")
    assert done.returncode == 0
    assert done.stdout.startswith(b"plan.toml is fine: 2 deals")
    assert process("chek").returncode == 2


@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
@pytest.mark.usefixtures("plan")
def test_a_console_without_the_signs_shows_others(setting):
    environment = ENVIRONMENT | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"} | setting
    arguments = ("forecast", "plan.toml", "--paths", "100")
    done = process(*arguments, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"chance to reach it" in done.stdout
    answer = process(*arguments, "--json", "-", env=environment)
    assert json.loads(answer.stdout.decode("utf-8"))["scenario"] == "Schlüssel ± 客户"
    assert b"taken as new" in answer.stderr
    assert process("check", "ü.toml", env=environment).returncode == 2


@pytest.mark.usefixtures("plan")
def test_a_reader_that_stops_is_left_in_peace():
    for extra in ([], ["--json", "-"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = process("forecast", "plan.toml", "--paths", "100", *extra, stdout=writer)
        os.close(writer)
        assert done.returncode == 0
        assert b"Error" not in done.stderr
        assert b"Traceback" not in done.stderr


@needs_full
@pytest.mark.usefixtures("plan")
def test_an_output_that_is_full_is_wrong_input():
    with FULL.open("wb") as full:
        done = process("check", "plan.toml", stdout=full)
        version = process("--version", stdout=full)
    assert (done.returncode, version.returncode) == (2, 2)
    assert done.stderr.splitlines()[-1] == (
        b"error: standard output must take the answer; No space left on device"
    )
    assert version.stderr == b"error: No space left on device\n"


@pytest.mark.usefixtures("plan")
def test_a_device_is_written_not_replaced():
    done = run("forecast", "plan.toml", "--paths", "100", "--json", os.devnull)
    assert done.exit_code == 0
    assert not Path(os.devnull).is_file()


# --- stopped, and watched on a terminal ---


def _start(code, *arguments):
    """Start an interpreter whose standard error is a terminal; return it and the terminal."""
    terminal, inner = pty.openpty()
    termios.tcsetwinsize(inner, (24, 80))
    running = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        start_new_session=True, stdout=subprocess.PIPE, stderr=inner, env=ENVIRONMENT,
    )  # fmt: skip
    os.close(inner)
    return running, terminal


def _read(descriptor):
    """Return what is written to a terminal, until it is closed or silent for a while."""
    os.set_blocking(descriptor, False)
    written, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        try:
            piece = os.read(descriptor, 65536)
        except BlockingIOError:
            time.sleep(0.02)
            continue
        except OSError:
            break
        if not piece:
            break
        written += piece
        yield written


def test_control_c_stops_with_130_and_leaves_no_file(plan):
    arguments = ("forecast", "plan.toml", "--paths", str(2**26), "--json", "answer.json")
    running, terminal = _start(RUN, *arguments)
    stopped, written = False, b""
    for written in _read(terminal):
        if b"%|" in written and not stopped:  # the bar is there, so it simulates
            running.send_signal(signal.SIGINT)
            stopped = True
    os.close(terminal)
    output, _ = running.communicate(timeout=60)
    assert (running.returncode, output) == (130, b"")
    assert written.endswith(b"stopped\r\n")
    assert b"Traceback" not in written
    assert [one.name for one in plan.iterdir()] == ["plan.toml"]


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.usefixtures("plan")
def test_a_terminal_shows_a_bar(installed):
    hide = "" if installed else "import sys; sys.modules['tqdm.auto'] = None\n"
    running, terminal = _start(hide + RUN, "forecast", "plan.toml", "--paths", "30000")
    *_, written = _read(terminal)
    os.close(terminal)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert b"%" in written
    assert (b"paths" in written) != installed  # the label of click's bar
    assert "30,000 paths" in output.decode("utf-8")
