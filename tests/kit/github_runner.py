"""A runner for composite actions and workflows, as far as ours use them: steps in order, each in a
bash of its own with the environment that GitHub gives, expressions, outputs, and files for them.

Actions of others are done by functions that the test gives, or not at all.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Values = dict[str, str]
Action = Callable[["Machine", Values], Values]
"""What an action does with its inputs, and its outputs."""

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"'[^']*'|\|\||&&|==|!=|[\w.-]+(?:\(\))?")


def read_yaml(path: Path) -> dict[str, Any]:
    """With `on` as text: YAML 1.1 takes the word for true."""
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return loaded


@dataclass
class Machine:
    """One job on a machine of its own."""

    root: Path
    actions: Mapping[str, Action]
    """By the name before the `@` what an action does; others fail the test."""
    server: str
    """Address of the repositories."""
    secrets: Values = field(default_factory=dict)
    programs: Path | None = None
    """A folder with programs that the machine has besides."""
    path: list[str] = field(default_factory=list)
    """What steps have put before PATH."""
    log: str = ""
    summaries: list[str] = field(default_factory=list)
    failed: bool = False
    ran: list[str] = field(default_factory=list)
    """Names of the steps that were done."""

    def __post_init__(self) -> None:
        for folder in (self.workspace, self.temp, self.home):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def workspace(self) -> Path:
        return self.root / "work" / "repository"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def run_job(self, workflow: dict[str, Any], name: str) -> None:
        """Every step of the job, as its conditions say."""
        environment = dict(workflow.get("env", {}))
        self._run_steps(workflow["jobs"][name]["steps"], {}, environment, Path())

    def run_action(self, folder: Path, given: Values) -> Values:
        """The composite action of that folder; its outputs."""
        action = read_yaml(folder / "action.yml")
        assert set(given) <= set(action["inputs"]), "an input that the action does not have"
        inputs = {name: one.get("default", "") for name, one in action["inputs"].items()} | given
        steps = self._run_steps(action["runs"]["steps"], inputs, {}, folder)
        return {
            name: self._fill(one["value"], inputs, steps) for name, one in action["outputs"].items()
        }

    def _run_steps(
        self, steps: list[dict[str, Any]], inputs: Values, environment: Values, action: Path
    ) -> dict[str, Values]:
        done: dict[str, Values] = {}
        failed_here = False
        for number, step in enumerate(steps):
            condition = step.get("if", "success()")
            wanted = bool(self._evaluate(condition, inputs, done))
            if not wanted or (failed_here and "always()" not in condition):
                continue
            name = step.get("id") or step.get("name") or step.get("uses", f"step {number}")
            self.ran.append(name.partition("@")[0])
            before, self.failed = self.failed, False
            done[step.get("id", f"_{number}")] = self._run_step(
                step, inputs, done, environment, action
            )
            failed_here = failed_here or self.failed
            self.failed = self.failed or before
        return done

    def _run_step(
        self,
        step: dict[str, Any],
        inputs: Values,
        done: dict[str, Values],
        environment: Values,
        action: Path,
    ) -> Values:
        if "uses" in step:
            given = {k: self._fill(v, inputs, done) for k, v in step.get("with", {}).items()}
            return self.actions[step["uses"].partition("@")[0]](self, given)
        assert "${{" not in step["run"], "text from outside would be run"
        own = {k: self._fill(v, inputs, done) for k, v in step.get("env", {}).items()}
        return self._run_bash(step["run"], {**environment, **own}, action)

    def _run_bash(self, script: str, environment: Values, action: Path) -> Values:
        files = {
            n: self.temp / f"_{n.lower()}"
            for n in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            file.write_text("")
        program = self.temp / "_step.sh"
        program.write_text(script)
        more = [str(self.programs)] if self.programs else []
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", program],
            cwd=self.workspace,
            env={
                "PATH": ":".join([*self.path, *more, "/usr/bin:/bin"]),
                "HOME": str(self.home),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_ACTION_PATH": str(action),
                "GITHUB_SERVER_URL": self.server,
                **{name: str(file) for name, file in files.items()},
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += done.stdout
        self.failed = done.returncode != 0
        self.path[:0] = files["GITHUB_PATH"].read_text().split()
        if summary := files["GITHUB_STEP_SUMMARY"].read_text():
            self.summaries.append(summary)
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    # ------------------------------------------------------------------ expressions

    def _fill(self, text: str, inputs: Values, done: dict[str, Values]) -> str:
        return _EXPRESSION.sub(lambda m: str(self._evaluate(m[1], inputs, done)), text)

    def _evaluate(self, text: str, inputs: Values, done: dict[str, Values]) -> str | bool:
        """Names, texts, ==, !=, && and ||, from left to right, as ours need no more."""
        tokens = _TOKEN.findall(text.strip().removeprefix("${{").removesuffix("}}"))
        parts: list[list[str]] = [[]]
        joints = []
        for token in tokens:
            if token in ("||", "&&"):
                joints.append(token)
                parts.append([])
            else:
                parts[-1].append(token)
        value = self._compare(parts[0], inputs, done)
        for joint, part in zip(joints, parts[1:], strict=True):
            other = self._compare(part, inputs, done)
            value = (value or other) if joint == "||" else (value and other)
        return value

    def _compare(self, part: list[str], inputs: Values, done: dict[str, Values]) -> str | bool:
        first = self._find(part[0], inputs, done)
        if len(part) == 1:
            return first
        _, operator, last = part
        same = first == self._find(last, inputs, done)
        return same if operator == "==" else not same

    def _find(self, name: str, inputs: Values, done: dict[str, Values]) -> str | bool:
        if name.startswith("'"):
            return name[1:-1]
        if name in ("always()", "success()"):
            return True
        kind, _, rest = name.partition(".")
        if kind == "inputs":
            return inputs[rest]
        if kind == "steps":
            step, _, output = rest.partition(".outputs.")
            return done.get(step, {}).get(output, "")
        if kind == "secrets":
            return self.secrets.get(rest, "")
        known = {
            "github.token": "job-token",
            "github.ref": "refs/heads/main",
            "github.actor": "ada",
            "github.run_id": "1",
            "runner.os": "Linux",
            "runner.arch": "X64",
        }
        return known[name]


def check_out(source: Path) -> Action:
    """The workspace is a copy of that folder."""

    def act(machine: Machine, given: Values) -> Values:
        assert given["persist-credentials"] == "false"
        shutil.copytree(source, machine.workspace, dirs_exist_ok=True)
        return {}

    return act


def do_nothing(machine: Machine, given: Values) -> Values:
    """An action whose work the machine has done already."""
    return {}
