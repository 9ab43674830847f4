"""Run the steps of a composite action or of a workflow's job with a shell, as a runner of GitHub does.

Only what the files of this repository use is known: an expression or a key beyond that is a ValueError, and no silence.
A step with `uses` is not run: it is named among those that would be.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_STEP = {"name", "id", "if", "uses", "with", "shell", "env", "run"}
_OPERAND = r"always\(\)|'[^']*'|[\w.\[\]'-]+"


@dataclass
class Done:
    """What a job did: the exit code of the step that failed, or 0; all output; the summary; the actions it used."""

    code: int = 0
    output: str = ""
    summary: str = ""
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)


def evaluate(expression: str, context: Mapping[str, Any]) -> str:
    """Return an expression's value: a name, or comparisons with a text, joined by `&&`. Raises ValueError."""
    value = "true"
    for term in expression.split("&&"):
        found = re.fullmatch(rf"\s*({_OPERAND})\s*(?:(==|!=)\s*({_OPERAND})\s*)?", term)
        if found is None:
            raise ValueError(f"not known: {expression}")
        left = _value(found[1], context)
        value = left if found[2] is None else str((left == _value(found[3], context)) == (found[2] == "==")).lower()
        if value in ("", "false"):
            return value
    return value


def _value(name: str, context: Mapping[str, Any]) -> str:
    if name == "always()":
        return "true"
    if name.startswith("'"):
        return name[1:-1]
    value: Any = context
    for part in re.findall(r"[\w-]+", name):
        if part not in value:
            raise ValueError(f"not known: {name}")
        value = value[part]
    return str(value)


def fill(text: str, context: Mapping[str, Any]) -> str:
    """Return a text with its expressions replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: evaluate(found[1], context), text)


def run_steps(steps: list[dict[str, Any]], context: dict[str, Any], workspace: Path, temporary: Path) -> Done:
    """Run steps in `workspace`; after one that failed only those with `always()` run. Raises ValueError."""
    done = Done()
    context = {**context, "runner": {"temp": str(temporary)}, "steps": {}}
    for number, step in enumerate(steps):
        if unknown := step.keys() - _STEP:
            raise ValueError(f"a step has {unknown}")
        condition = str(step.get("if", "'true'")).removeprefix("${{").removesuffix("}}")
        if (done.code and "always()" not in condition) or evaluate(condition, context) in ("", "false"):
            continue
        if "uses" in step:
            done.used[step["uses"]] = {key: fill(value, context) for key, value in step.get("with", {}).items()}
            continue
        if step.get("shell") != "bash":
            raise ValueError(f"the shell of {step['run']!r} is not bash")
        files = {name: temporary / f"{number}-{name}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.touch()
        script = temporary / f"{number}.sh"
        script.write_text(fill(step["run"], context), "utf-8")
        ended = subprocess.run(
            [*SHELL, str(script)],
            cwd=workspace,
            env={
                **os.environ,
                **{name: fill(str(value), context) for name, value in step.get("env", {}).items()},
                **{name: str(path) for name, path in files.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        done.output += ended.stdout
        done.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        said = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text("utf-8").splitlines())
        if "id" in step:
            context["steps"][step["id"]] = {"outputs": said}
        done.outputs |= said
        done.code = done.code or ended.returncode
    return done
