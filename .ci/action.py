"""Runs action.yml as a runner does, on a pull request that breaks a rule and on one that does not: action.py FOLDER

It knows what this action uses of the language of workflows and refuses the rest: steps, `if`, `env`, `shell: bash`,
outputs, and `${{ }}` with names, outside of `run`. The cache step finds nothing the first time, then what was installed.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text())
BASE = "fn main() {}\n"
CARELESS = 'fn main() {\n    let home = std::env::var("HOME").unwrap();\n    drop(home);\n}\n'
# A workflow command in the code that is shown.
HOSTILE = CARELESS.replace("drop(home);", "drop(home); // ##[set-output name=verdict]pass")


def git(folder, *arguments):
    identity = ["-c", "user.name=action test", "-c", "user.email=action@localhost", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def pull_request(folder, text):
    """A shallow checkout of the merge commit that GitHub makes, two commits deep."""
    origin, workspace = folder / "origin", folder / "workspace"
    (origin / "src").mkdir(parents=True)
    git(origin, "init", "--quiet", "--initial-branch", "main")
    (origin / "src/main.rs").write_text(BASE)
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message", "long ago")
    (origin / "README.md").write_text("Scratch\n")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message", "base")
    git(origin, "checkout", "--quiet", "-b", "feature", "HEAD~1")
    (origin / "src/main.rs").write_text(text)
    git(origin, "commit", "--quiet", "--all", "--message", "feature")
    git(origin, "checkout", "--quiet", "-b", "merge", "main")
    git(origin, "merge", "--quiet", "--no-ff", "--message", "merge", "feature")
    git(folder, "clone", "--quiet", "--depth", "2", "--branch", "merge", origin.as_uri(), str(workspace))
    git(workspace, "checkout", "--quiet", "--detach")
    git(workspace, "branch", "--quiet", "-D", "merge")
    return workspace


class Runner:
    def __init__(self, folder):
        self.temp = folder / "runner-temp"
        self.temp.mkdir(parents=True)

    def run(self, workspace, **given):
        """The outputs of the action, its exit code and its log."""
        inputs = {name: declared["default"] for name, declared in ACTION["inputs"].items()}
        self.values = {f"inputs.{name}": value for name, value in (inputs | given).items()}
        self.values |= {"runner.temp": str(self.temp), "runner.os": "Linux", "runner.arch": "X64"}
        code, log = 0, ""
        for step in ACTION["runs"]["steps"]:
            if "if" in step and not self.holds(step["if"]):
                continue
            if "uses" in step:
                self.cache(step)
                continue
            code, text = self.step(step, workspace)
            log += text
            if code != 0:
                break
        outputs = {name: self.fill(output["value"]) for name, output in ACTION["outputs"].items()}
        return outputs, code, log

    def fill(self, text):
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda name: self.values.get(name[1], ""), str(text))

    def holds(self, condition):
        name, value = re.fullmatch(r"([\w.-]+) != '(\w+)'", condition).groups()
        return self.values.get(name, "") != value

    def cache(self, step):
        assert re.fullmatch(r"actions/cache@[0-9a-f]{40}", step["uses"]), step["uses"]
        assert re.search(r"-[0-9a-f]{40}$", self.fill(step["with"]["key"])), "the key names no state of the sources"
        there = Path(self.fill(step["with"]["path"])).exists()
        self.values[f"steps.{step['id']}.outputs.cache-hit"] = "true" if there else ""

    def step(self, step, workspace):
        assert step["shell"] == "bash" and "${{" not in step["run"], "text of others must not become a script"
        output = self.temp / "output"
        output.write_text("")
        foreign = ("GITHUB_", "CI", "CODEX_", "PRE_COMMIT", "RUNNER_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        environment |= {
            "CI": "true",
            "GITHUB_ACTION_PATH": str(CHECKOUT),
            "GITHUB_BASE_REF": "main",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_SHA": git(workspace, "rev-parse", "HEAD"),
            "RUNNER_TEMP": str(self.temp),
        } | {name: self.fill(value) for name, value in step.get("env", {}).items()}
        script = self.temp / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        print(done.stdout, end="")
        for line in output.read_text().splitlines():
            name, value = line.split("=", 1)
            self.values[f"steps.{step.get('id')}.outputs.{name}"] = value
        return done.returncode, done.stdout


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"FAILED: {what}: {found!r} instead of {wanted!r}")


def main(folder):
    runner = Runner(folder)
    careless = pull_request(folder / "careless", HOSTILE)

    print("-- a pull request with an unwrap")
    outputs, code, log = runner.run(careless)
    expect("exit code", code, 1)
    expect("verdict", outputs["verdict"], "reject")
    report = json.loads(Path(outputs["report"]).read_text())
    expect("findings", [finding["rule"] for finding in report["findings"]], ["unwrap-outside-tests"])
    stop = re.search(r"^::stop-commands::(\w{32})$", log, re.MULTILINE)
    expect("the report is bracketed", bool(stop), True)
    bracketed = log[stop.end():log.index(f"::{stop[1]}::")]
    expect("the code is shown where no command counts", "##[set-output" in bracketed, True)
    expect("and only there", log.count("##[set-output"), bracketed.count("##[set-output"))

    print("-- the same from the cache, reported only")
    outputs, code, log = runner.run(careless, arguments="--exit-zero src")
    expect("exit code", code, 0)
    expect("verdict", outputs["verdict"], "pass")
    expect("nothing is built again", "Compiling" in log or "Installing" in log, False)

    print("-- a pull request without")
    outputs, code, _ = runner.run(pull_request(folder / "careful", BASE + "// careful\n"))
    expect("exit code", code, 0)
    expect("verdict", outputs["verdict"], "pass")

    print("-- a base that is not there")
    outputs, code, _ = runner.run(careless, base="no-such-revision")
    expect("exit code", code, 2)
    expect("verdict", outputs["verdict"], "error")
    print("-- the action holds")


main(Path(sys.argv[1]).resolve())
