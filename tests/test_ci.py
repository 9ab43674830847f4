"""The gates for other people's projects: their steps are run with a shell as a runner does, green and red.

`action.yml`, the GitLab template and the reusable workflow; and docs/ci.md names only inputs that they have.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from runner import Done, evaluate, fill, run_steps
from waiting import connected, free_port

ROOT = Path(__file__).resolve().parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "memcached-matrix.yml").read_text("utf-8"))
GITLAB_HEAD, GITLAB = yaml.safe_load_all((ROOT / "templates" / "mclite.yml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
INSTALL = next(step for step in ACTION["runs"]["steps"] if step["name"] == "Install mclite")
SOME = "--only deletion/delete"
SPAWN = f"'{sys.executable}' -m mclite serve -p {{port}}"
WRONG = f"{SPAWN} --misbehave delete-end"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a folder with mclite installed where the gates would install it."""
    folder = tmp_path / "work space"
    folder.mkdir()
    for place in (tmp_path / "mclite", folder / ".mclite"):
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "mclite").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mclite "$@"\n', "utf-8")
        (place / "bin" / "mclite").chmod(0o755)
    return folder


def action(workspace: Path, **given: str) -> Done:
    """Run the action with inputs, with one worker; what is not given has its default."""
    inputs = {name: one["default"] for name, one in ACTION["inputs"].items()} | {"workers": "1"} | given
    assert inputs.keys() == ACTION["inputs"].keys(), "an input that the action does not have"
    context = {"inputs": inputs, "github": {"action_path": str(ROOT)}}
    done = run_steps(ACTION["runs"]["steps"], context, workspace, workspace.parent)
    context["steps"] = {"run": {"outputs": done.outputs}}
    done.outputs = {name: fill(one["value"], context) for name, one in ACTION["outputs"].items()}
    return done


def gitlab(workspace: Path, **given: str) -> tuple[int, str]:
    """Run the job of the template with inputs, with one worker; return its exit code and output."""
    inputs = {name: one["default"] for name, one in GITLAB_HEAD["spec"]["inputs"].items()} | {"workers": "1"} | given
    assert inputs.keys() == GITLAB_HEAD["spec"]["inputs"].keys(), "an input that the template does not have"

    def filled(text: str) -> str:
        return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: inputs[found[1]], text)

    (job,) = GITLAB.values()
    script = "\n".join(filled(line) for line in (*job["before_script"], *job["script"]))
    variables = {name: filled(value) for name, value in job["variables"].items()}
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=workspace, env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_action_is_green_on_a_server_that_conforms(workspace: Path) -> None:
    done = action(workspace, spawn=SPAWN, arguments=SOME)
    assert done.code == 0, done.output
    assert done.outputs == {"exit-code": "0", "report": "mclite-report"}
    assert "15 of 15 required cases pass" in done.summary
    assert "::error" not in done.output
    made = {path.suffix for path in (workspace / "mclite-report").iterdir()}
    assert made == {".json", ".html", ".md", ".xml"}
    assert done.used["actions/upload-artifact@v4"]["path"] == "mclite-report"
    assert done.used["actions/setup-python@v5"] == {"python-version": "3.13"}


def test_the_action_is_red_on_one_that_does_not_and_keeps_the_report(workspace: Path) -> None:
    done = action(workspace, spawn=WRONG, arguments=SOME, workers="2")
    assert done.code == 1, done.output
    assert done.outputs["exit-code"] == "1"
    assert "Warning" not in done.output
    assert "## Deviations of" in done.summary
    assert "::error title=mclite::" in done.output
    assert "actions/upload-artifact@v4" in done.used
    assert "<failure" in (workspace / "mclite-report" / "junit.xml").read_text("utf-8")


def test_the_action_says_why_there_are_no_results(workspace: Path) -> None:
    done = action(workspace, target=f"127.0.0.1:{free_port()}", wait="0", arguments=SOME)
    assert done.code == 3, done.output
    assert "no results: it ended with exit code 3" in done.summary


def test_each_input_reaches_the_suite(workspace: Path) -> None:
    (workspace / "known.toml").write_text("", "utf-8")
    (workspace.parent / "mclite" / "bin" / "mclite").write_text("#!/bin/sh\nprintf '<%s>' \"$@\"\necho\n", "utf-8")
    given = {"target": "a:1\nb:2", "spawn": "my 'server' --port {port}\n", "release": "1.6.38", "gate": "should",
             "baseline": "known.toml", "lacks": "incr,meta", "profile": "classic", "workers": "3",
             "arguments": "--strict -v", "report": "to here", "wait": "7"}  # fmt: skip
    done = action(workspace, **given)
    words = ["--target=a:1", "--target=b:2", "--spawn=my 'server' --port {port}", "--as=1.6.38", "--gate=should",
             "--baseline=known.toml", "--lacks=incr,meta", "--profile=classic", "-n", "3", "--report-dir", "to here",
             "--junit-xml", "to here/junit.xml", "--strict", "-v"]  # fmt: skip
    assert "<check>" + "".join(f"<{word}>" for word in words) in done.output
    assert "<ping><--wait><7><-q><a:1>" in done.output


def test_what_an_input_says_is_no_command(workspace: Path) -> None:
    done = action(workspace, lacks='"; touch broken; $(touch broken) `touch broken`', arguments="$(touch${IFS}broken)")
    assert done.code == 2, done.output
    assert not (workspace / "broken").exists()


def test_a_baseline_lets_what_is_known_pass(workspace: Path) -> None:
    known = '[[cause]]\ncause = "delete: END, not DELETED"\nreason = "deletes are late"\n'
    (workspace / "known.toml").write_text(known, "utf-8")
    done = action(workspace, spawn=WRONG, baseline="known.toml", arguments=SOME)
    assert done.code == 0, done.output
    (workspace / "known.toml").write_text(known.replace("DELETED", "TOUCHED"), "utf-8")
    assert action(workspace, spawn=WRONG, baseline="known.toml", arguments=SOME).code == 1


@pytest.mark.network
def test_the_action_installs_mclite(tmp_path: Path) -> None:
    """The only step that needs a network: pip brings pytest and jinja2."""
    inputs = {name: one["default"] for name, one in ACTION["inputs"].items()}
    context = {"inputs": inputs, "github": {"action_path": str(ROOT)}}
    done = run_steps([INSTALL, {"shell": "bash", "run": f"'{tmp_path}/mclite/bin/mclite' check --help"}],
                     context, tmp_path, tmp_path)  # fmt: skip
    assert done.code == 0, done.output
    assert "run the conformance suite" in done.output
    assert not list(ROOT.glob("build")), "the installation leaves something in the action's checkout"


def test_the_gitlab_job_is_green_and_red(workspace: Path) -> None:
    code, output = gitlab(workspace, spawn=SPAWN, arguments=SOME)
    assert code == 0, output
    code, output = gitlab(workspace, spawn=WRONG, arguments=SOME)
    assert code == 1, output
    report = workspace / "mclite-report"
    assert "## Deviations of" in (report / "summary.md").read_text("utf-8")
    assert "<failure" in (report / "junit.xml").read_text("utf-8")
    (job,) = GITLAB.values()
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"]["junit"] == "$[[ inputs.report ]]/junit.xml"


def test_the_gitlab_job_says_that_a_target_is_not_there(workspace: Path) -> None:
    code, output = gitlab(workspace, target=f"127.0.0.1:{free_port()}", wait="0", arguments=SOME)
    assert code == 3, output
    assert not (workspace / "mclite-report" / "summary.md").exists()


def test_action_and_template_have_the_same_inputs() -> None:
    beyond = {"artifact", "python-version"}
    assert set(ACTION["inputs"]) - beyond == set(GITLAB_HEAD["spec"]["inputs"]) - {"job", "stage", "image"}


def matrix(workspace: Path, port: int, **given: Any) -> Done:
    """Run the steps of the reusable workflow for one image, whose memcached is at `port`."""
    asked = WORKFLOW[True]["workflow_call"]["inputs"]  # YAML 1.1 reads `on` as true
    inputs = {name: one.get("default") for name, one in asked.items()} | given
    context = {"inputs": inputs, "job": {"services": {"memcached": {"ports": {"11211": port}}}}}
    job = WORKFLOW["jobs"]["test"]
    around = {name: fill(value, context) for name, value in job["env"].items()}
    steps = [{**step, "env": {**around, **step.get("env", {})}} if "run" in step else step for step in job["steps"]]
    return run_steps(steps, context, workspace, workspace.parent)


def test_the_matrix_runs_the_tests_of_a_project(workspace: Path) -> None:
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "mclite", "serve", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        connected(port, server).close()
        done = matrix(workspace, port, run='echo "at $MEMCACHED and $MEMCACHED_HOST $MEMCACHED_PORT"\nfalse\necho on')
        assert done.code == 1
        assert f"VERSION 1.6.45\nat 127.0.0.1:{port} and 127.0.0.1 {port}\n" in done.output
        assert "\non\n" not in done.output
        assert matrix(workspace, port, run="true").code == 0
    finally:
        server.terminate()
        server.wait()


def test_the_matrix_ends_when_no_memcached_answers(workspace: Path) -> None:
    done = matrix(workspace, free_port(), run="true", wait=0)
    assert done.code == 1
    assert "::error::memcached did not answer in 0 s" in done.output
    images = json.loads(WORKFLOW[True]["workflow_call"]["inputs"]["images"]["default"])
    assert all(re.fullmatch(r"memcached:[\w.]+", image) for image in images)


BLOCKS = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)]


def uses(block: Any, name: str) -> list[dict[str, Any]]:
    """Return what an example gives to an action or workflow of this repository."""
    if isinstance(block, list):
        return [found for one in block for found in uses(one, name)]
    if not isinstance(block, dict):
        return []
    mine = [block.get("with", {})] if re.fullmatch(name, str(block.get("uses", ""))) else []
    return mine + [found for one in block.values() for found in uses(one, name)]


def test_the_page_names_only_inputs_that_there_are() -> None:
    gates = uses(BLOCKS, r"OWNER/mclite@\S+")
    assert len(gates) >= 4
    assert all(one.keys() <= ACTION["inputs"].keys() for one in gates)
    called = uses(BLOCKS, r"OWNER/mclite/\.github/workflows/memcached-matrix\.yml@\S+")
    assert called
    assert all(one.keys() <= WORKFLOW[True]["workflow_call"]["inputs"].keys() for one in called)
    included = [one["inputs"] for block in BLOCKS for one in block.get("include", [])]
    assert included
    assert all(one.keys() <= GITLAB_HEAD["spec"]["inputs"].keys() for one in included)
    for name in ACTION["inputs"]:
        assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("text", ["inputs.x || inputs.y", "hashFiles('x')", "inputs.none", "a.b =="])
def test_the_runner_refuses_what_it_does_not_know(text: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        evaluate(text, {"inputs": {"x": "1", "y": ""}})


def test_the_runner_compares_and_joins() -> None:
    context = {"inputs": {"a-b": "x", "empty": ""}}
    assert evaluate("inputs.a-b", context) == "x"
    assert evaluate("always() && inputs.empty != ''", context) == "false"
    assert evaluate("always() && inputs.a-b == 'x'", context) == "true"
