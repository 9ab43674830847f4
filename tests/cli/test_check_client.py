import json
import sys
from pathlib import Path

import pytest

from mclite.cli import main

TOY = Path(__file__).parents[1] / "replay" / "clientcheck" / "toy_driver.py"


def test_a_right_client_conforms_and_a_report_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check-client", str(TOY), "--only", "honest/incr", "--only", "honest/many:text"]
    assert main([*words, "--report-dir", str(tmp_path), "-v"]) == 0
    said = capsys.readouterr().out
    assert "pass  honest/incr:text" in said
    assert "toy 1: conforms in all 2 cases of a part of the suite" in said
    assert json.loads((tmp_path / "client-toy-part.json").read_text())["client"]["name"] == "toy"
    assert (tmp_path / "client-toy-part.html").is_file()


def test_a_client_with_a_fault_deviates(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"{sys.executable} {TOY} keeps-bytes"
    assert main(["check-client", command, "--only", "late/then-gets-get", "--no-report"]) == 1
    said = capsys.readouterr().out
    assert "the value of another key, after an answer that comes after the timeout: late/then-gets-get:text" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a driver"),
        (["no-such-driver"], "there is no driver"),
        ([str(TOY), "--only", "nothing"], "there is no such chapter or scenario"),
        ([str(TOY), "-n", "0"], "1 or more"),
    ],
)
def test_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-client", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_driver_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "drive_none.py"
    file.write_text("print('hello')")
    assert main(["check-client", str(file), "--no-report"]) == 3
    assert capsys.readouterr().out == "mclite check-client: the driver none printed what is no JSON: hello\n"


def test_nothing_judged_and_nothing_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-client", str(TOY), "--only", "honest/touch", "--no-report"]) == 4
    (tmp_path / "file").write_text("")
    words = ["check-client", str(TOY), "--only", "honest/add", "--report-dir", str(tmp_path / "file")]
    assert main(words) == 6
    assert "cannot be written" in capsys.readouterr().err


def test_a_page_of_results_that_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check-client", str(TOY), "--only", "honest/incr", "--report-dir", str(tmp_path)]
    assert main(words) == 0
    file = str(tmp_path / "client-toy-part.json")
    assert main(["check-client", "--results", file, "--results", file, "--report-dir", str(tmp_path)]) == 0
    assert (tmp_path / "clients-part.html").is_file()
    (tmp_path / "none.json").write_text("{}")
    assert main(["check-client", "--results", str(tmp_path / "none.json")]) == 2
    assert "holds no results of a client" in capsys.readouterr().err


def test_the_list_names_drivers_and_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-client", "--list"]) == 0
    said = capsys.readouterr().out
    assert "driver    pymemcache" in said
    assert "must      honest/add" in said
