"""Runs the jobs of ci/gitlab.yml as a runner does, and validates the recipes of docs/ci.md: gitlab.py FOLDER

`codex` and check-jsonschema must be on the path. A job's script is run by `sh` in a clone, with the variables of the
platform; the artifacts of the first job are those of the second. Nothing is installed: the image has codex.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from string import Template

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
TEMPLATE = yaml.safe_load((CHECKOUT / "ci/gitlab.yml").read_text())
SCHEMAS = {".github/workflows/": "vendor.github-workflows", ".gitlab-ci.yml": "vendor.gitlab-ci"}
BASE = "fn main() {}\n"
CARELESS = 'fn main() {\n    let home = std::env::var("HOME").unwrap();\n    drop(home);\n}\n'


def run(folder, *command, **environment):
    foreign = ("GITHUB_", "CI", "CODEX", "GIT_", "PRE_COMMIT")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    identity = {f"GIT_{who}_{what}": "a@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        command, cwd=folder, env=inherited | identity | environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    return done.returncode, done.stdout


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"FAILED: {what}: {found!r} instead of {wanted!r}")


def must(folder, *command):
    code, said = run(folder, *command)
    expect(f"{command}: {said}", code, 0)
    return said.strip()


def job(name, folder, **variables):
    """The exit code of a job, and what it said."""
    declared = TEMPLATE[name]
    parent = TEMPLATE[declared["extends"]]
    script = "\n".join(["set -e", *parent["before_script"], *declared["script"]])
    defaults = {"CODEX_VERSION": "none", "CODEX_ARGUMENTS": "", "CODEX_FETCH_ARGUMENTS": ""}
    platform = {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(folder), "CI_DEFAULT_BRANCH": "main"}
    for name, value in (parent["variables"] | declared.get("variables", {})).items():
        defaults[name] = Template(value).substitute(platform)
    code, said = run(folder, "sh", "-c", script, **(defaults | platform | variables))
    print(said, end="")
    return code


def clone(folder, text, message="feature"):
    """A merge request, and the commit that GitLab names as its base."""
    folder.mkdir(parents=True)
    must(folder, "git", "init", "--quiet", "--initial-branch", "main")
    (folder / "main.rs").write_text(BASE)
    must(folder, "git", "add", ".")
    must(folder, "git", "commit", "--quiet", "--message", "base")
    base = must(folder, "git", "rev-parse", "HEAD")
    (folder / "main.rs").write_text(text)
    must(folder, "git", "commit", "--quiet", "--all", "--message", message)
    return base


def merge_request(folder, text, wanted, gate, message="feature", **more):
    base = clone(folder, text, message)
    variables = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base} | more
    variables["CI_COMMIT_SHA"] = must(folder, "git", "rev-parse", "HEAD")
    expect("the job that reports", job("codex", folder, **variables), 0)
    for file in TEMPLATE["codex"]["artifacts"]["reports"].values():
        expect(f"{file} is there", (folder / file).stat().st_size > 0, True)
    report = json.loads((folder / "gl-code-quality-report.json").read_text())
    expect("findings", [(entry["check_name"], entry["severity"]) for entry in report], wanted)
    expect("the job that decides", job("codex-gate", folder, **variables), gate)


def reviewed(folder):
    """What a reviewer answers lies where the cache of the branch takes it from."""
    answer = {"id": "c1", "verdict": "compliant", "rationale": "nobody panics", "quote": "m.lock()"}
    document = json.dumps({"schema": 1, "verdicts": [answer]})
    base = clone(folder, "fn a(m: std::sync::Mutex<u8>) { m.lock().unwrap(); }\n")
    for command, cached in ((f"echo '{document}'", 0), ("echo nothing", 1)):
        job(
            "codex", folder, CI_PIPELINE_SOURCE="merge_request_event", CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
            CODEX_REVIEW="command", CODEX_REVIEW_COMMAND=command, CODEX_REVIEW_MODEL="echo",
        )
        report = json.loads((folder / "codex.json").read_text())
        expect("cleared and cached", (report["summary"]["cleared"], report["review"]["cached"]), (1, cached))
    kept = [path for cache in TEMPLATE[".codex"]["cache"] for path in cache["paths"]]
    expect("the answer is kept", any(list((folder / path).glob("verdicts/**/*.json")) for path in kept), True)


def default_branch(folder):
    clone(folder, CARELESS)
    arguments = TEMPLATE["codex"]["rules"][1]["variables"]["CODEX_ARGUMENTS"]
    expect("the default branch", job("codex", folder, CI_COMMIT_BRANCH="main", CODEX_ARGUMENTS=arguments), 0)
    expect("has nothing new", json.loads((folder / "gl-code-quality-report.json").read_text()), [])


def recipes(folder):
    blocks = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", (CHECKOUT / "docs/ci.md").read_text(), re.MULTILINE | re.DOTALL)
    blocks.append((".gitlab-ci.yml", (CHECKOUT / "ci/gitlab.yml").read_text()))
    expect("recipes", len(blocks), 5)
    for number, (name, text) in enumerate(blocks):
        schema = next(schema for beginning, schema in SCHEMAS.items() if name.startswith(beginning))
        file = folder / f"recipe-{number}.yml"
        file.write_text(text)
        must(folder, "check-jsonschema", "--builtin-schema", schema, str(file))
        print(f"valid: {name}")


def main(folder):
    folder.mkdir(parents=True)
    recipes(folder)
    print("-- a merge request with an unwrap")
    merge_request(folder / "careless", CARELESS, [("unwrap-outside-tests", "critical")], 1)
    print("-- and one without")
    merge_request(folder / "careful", BASE + "// careful\n", [], 0)
    print("-- a label breaks the glass; a trailer does so only in the project itself")
    found = [("unwrap-outside-tests", "critical")]
    own = {"CI_MERGE_REQUEST_PROJECT_ID": "7", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"}
    fork = own | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8", "CI_MERGE_REQUEST_TITLE": "Codex-Break-Glass: forged"}
    trailer = "feature\n\nCodex-Break-Glass: the proxy is down"
    told = found + [("codex-glass-broken", "major")]
    merge_request(folder / "labelled", CARELESS, told, 0, CI_MERGE_REQUEST_LABELS="bug,codex-break-glass", **fork)
    merge_request(folder / "trailer", CARELESS, told, 0, trailer, **own)
    merge_request(folder / "forked", CARELESS, found, 1, trailer, **fork)
    print("-- a reviewer's answer is kept for the next run")
    reviewed(folder / "reviewed")
    print("-- the default branch")
    default_branch(folder / "default")
    print("-- no report: no pass")
    (folder / "empty").mkdir()
    expect("the gate", job("codex-gate", folder / "empty"), 2)
    print("-- the GitLab jobs hold")


main(Path(sys.argv[1]).resolve())
