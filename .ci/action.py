"""Runs action.yml as a runner does, for every event that it knows: action.py FOLDER

It knows what this action uses of the language of workflows and refuses the rest: steps, `if`, `env`, `shell: bash`,
outputs, and `${{ }}` with names, outside of `run`. Each run has a fresh machine, and a cache that keeps what belongs to
branches and pull requests apart, as GitHub's does. GitHub's command line is `gh.py` beside this file. CODEX, when set, is a
program to take in place of a build.
"""

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text())
MARKER = "<!-- engineering-codex -->"
BASE = "fn main() {}\n"
CAREFUL = BASE + "// careful\n"
CARELESS = 'fn main() {\n    let home = std::env::var("HOME").unwrap();\n    drop(home);\n}\n'
# Workflow commands in the code that is shown.
HOSTILE = CARELESS.replace("drop(home);", "drop(home); // ##[set-output name=verdict]pass\n::error::forged")
AMBIGUOUS = "pub fn a(m: std::sync::Mutex<u8>) {\n    drop(m.lock().unwrap());\n}\n"
# One that every clone has lost.
LOST = "1234567890" * 4


def git(folder, *arguments):
    identity = ["-c", "user.name=action test", "-c", "user.email=action@localhost", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Origin:
    """A repository on the platform: `main` has gone on since `feature` left it."""

    def __init__(self, folder, text, name="src/main.rs", message="feature"):
        self.folder, self.clones = folder, 0
        (folder / "src").mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch", "main")
        git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
        (folder / "src/main.rs").write_text(BASE)
        self.commit("long ago")
        # Old, and on main only: nobody's finding.
        (folder / "src/old.rs").write_text(CARELESS)
        self.base = self.commit("base")
        git(folder, "checkout", "--quiet", "-b", "feature", "HEAD~1")
        (folder / "README.md").write_text("Scratch\n")
        self.before = self.commit("feature begins")
        (folder / name).write_text(text)
        self.feature = self.commit(message)
        git(folder, "checkout", "--quiet", "-b", "merge", "main")
        git(folder, "merge", "--quiet", "--no-ff", "--message", "merge", "feature")
        self.merge = git(folder, "rev-parse", "HEAD")
        git(folder, "checkout", "--quiet", "main")

    def commit(self, message):
        git(self.folder, "add", ".")
        git(self.folder, "commit", "--quiet", "--message", message)
        return git(self.folder, "rev-parse", "HEAD")

    def checkout(self, commit, depth=1):
        """What actions/checkout makes: one commit, as deep as asked for, and no branch."""
        self.clones += 1
        workspace = self.folder.with_name(f"{self.folder.name}-{self.clones}")
        git(self.folder.parent, "init", "--quiet", str(workspace))
        git(workspace, "remote", "add", "origin", self.folder.as_uri())
        deep = ["--depth", str(depth)] if depth else []
        git(workspace, "fetch", "--quiet", *deep, "origin", f"+{commit}:refs/remotes/pull/1/merge")
        git(workspace, "checkout", "--quiet", "--detach", commit)
        return workspace


class Cache:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching: an entry is never changed,
    and belongs to the ref that wrote it; a pull request also sees those of its base and of the default branch."""

    def __init__(self, folder):
        self.folder, self.entries = folder, []

    def restore(self, refs, key, prefixes, path):
        """The key of what was found: first by its ref, then the very key, then the latest with a prefix."""
        for ref in refs:
            mine = [entry for entry in self.entries if entry[0] == ref]
            found = [entry for entry in mine if entry[1] == key]
            for prefix in prefixes:
                found = found or [entry for entry in reversed(mine) if entry[1].startswith(prefix)]
            if found:
                shutil.copytree(found[0][2], path)
                return found[0][1]
        return ""

    def save(self, ref, key, path):
        assert not any(entry[:2] == (ref, key) for entry in self.entries), f"{key} is there already"
        copy = self.folder / str(len(self.entries))
        shutil.copytree(path, copy)
        self.entries.append((ref, key, copy))


class Runner:
    def __init__(self, folder):
        self.temp, self.runs = folder / "runner-temp", 0
        self.cache = Cache(folder / "cache")
        self.programs = folder / "programs"
        self.programs.mkdir(parents=True)
        gh = self.programs / "gh"
        gh.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{CHECKOUT / ".ci/gh.py"}" "$@"\n')
        gh.chmod(0o755)
        if program := os.environ.get("CODEX"):
            cargo = self.programs / "cargo"
            cargo.write_text(f'#!/bin/sh\nfor root; do :; done\ninstall -D "{Path(program).resolve()}" "$root/bin/codex"\n')
            cargo.chmod(0o755)

    def run(self, workspace, event, payload, platform=None, token="write", ref=None, variables={}, **given):
        """The outputs of the action, its exit code, its log and its summary."""
        self.runs += 1
        shutil.rmtree(self.temp, ignore_errors=True)
        self.temp.mkdir()
        self.refs = [ref or "refs/pull/1/merge", "refs/heads/main"]
        self.values = {
            "runner.temp": str(self.temp), "runner.os": "Linux", "runner.arch": "X64", "github.token": token,
            "github.run_id": str(self.runs), "github.run_attempt": "1",
        }
        self.flatten("github.event", payload)
        for name, declared in ACTION["inputs"].items():
            self.values[f"inputs.{name}"] = given.pop(name.replace("-", "_"), None) or self.fill(declared["default"])
        assert not given, given
        state = self.temp / "gh.json"
        state.write_text(json.dumps(platform if platform is not None else {"comments": [], "sarif": []}))
        (self.temp / "event.json").write_text(json.dumps(payload))
        summary = self.temp / "summary"
        summary.write_text("")
        self.variables = {
            "CI": "true",
            "FAKE_GH": str(state),
            "GITHUB_ACTION_PATH": str(CHECKOUT),
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_REF": self.refs[0],
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_SHA": git(workspace, "rev-parse", "HEAD"),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temp),
            "XDG_CONFIG_HOME": str(self.temp),
        } | variables
        if event == "pull_request":
            self.variables["GITHUB_BASE_REF"] = "main"
        code, log, self.after = 0, "", []
        for step in ACTION["runs"]["steps"]:
            if "if" in step and not self.holds(step["if"]):
                continue
            if "uses" in step:
                self.use(step)
                continue
            code, text = self.step(step, workspace)
            log += text
            if code != 0:
                break
        for ref, key, path in self.after:
            self.cache.save(ref, key, path)
        outputs = {name: self.fill(output["value"]) for name, output in ACTION["outputs"].items()}
        if platform is not None:
            platform.update(json.loads(state.read_text()))
        return outputs, code, log, summary.read_text()

    def flatten(self, name, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                self.flatten(f"{name}.{key}", inner)
        else:
            self.values[name] = str(value)

    def fill(self, text):
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda name: self.values.get(name[1], ""), str(text))

    def holds(self, condition):
        def one(part):
            name, operator, value = re.fullmatch(r"([\w.-]+) (!=|==) '(\w*)'", part).groups()
            return (self.values.get(name, "") == value) == (operator == "==")

        return all(one(part) for part in condition.split(" && "))

    def use(self, step):
        action = re.fullmatch(r"actions/cache(|/restore|/save)@[0-9a-f]{40}", step["uses"])[1]
        given = {name: self.fill(value) for name, value in step["with"].items()}
        key, path = given["key"], Path(given["path"])
        if action == "/save":
            self.cache.save(self.refs[0], key, path)
            return
        found = self.cache.restore(self.refs, key, given.get("restore-keys", "").split(), path)
        output = f"steps.{step['id']}.outputs"
        self.values[f"{output}.cache-matched-key"] = found
        self.values[f"{output}.cache-hit"] = str(found == key).lower() if found else ""
        if action == "/restore":
            return
        assert re.search(r"-[0-9a-f]{40}$", key), "the key names no state of the sources"
        if not found:
            self.after.append((self.refs[0], key, path))

    def step(self, step, workspace):
        assert step["shell"] == "bash" and "${{" not in step["run"], "text of others must not become a script"
        output = Path(self.variables["GITHUB_OUTPUT"])
        output.write_text("")
        foreign = ("GITHUB_", "CI", "CODEX", "GIT_", "PRE_COMMIT", "RUNNER_", "XDG_CONFIG_HOME")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        environment |= self.variables | {name: self.fill(value) for name, value in step.get("env", {}).items()}
        environment["PATH"] = f"{self.programs}:{environment['PATH']}"
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


def pull_request(fork=False):
    return {
        "pull_request": {"number": 7, "head": {"repo": {"fork": fork}}},
        "repository": {"default_branch": "main"},
    }


def rules(outputs):
    report = json.loads(Path(outputs["report"]).read_text())
    return [(finding["rule"], finding["path"]) for finding in report["findings"]]


REVIEWER = """import json, sys
cases = json.load(sys.stdin)["cases"]
open(LOG, "a").write("asked\\n" * len(cases))
answer = {"verdict": "compliant", "rationale": "nobody panics", "quote": "m.lock()"}
print(json.dumps({"schema": 1, "verdicts": [answer | {"id": case["id"]} for case in cases]}))
"""


def answers(runner, origin, folder):
    """What a reviewer said is kept, for whom GitHub lets see it."""
    reviewer, log = folder / "reviewer.py", folder / "asked"
    reviewer.write_text(REVIEWER.replace("LOG", repr(str(log))))
    secrets = {"CODEX_REVIEW": "command", "CODEX_REVIEW_COMMAND": f"{sys.executable} {reviewer}"}
    pushed = {"before": origin.before, "repository": {"default_branch": "main"}}
    kept = lambda: sum("verdicts" in key for _, key, _ in runner.cache.entries)
    #  what happens                         event           ref                  asked  kept
    cases = [
        ("a pull request", "pull_request", "refs/pull/1/merge", 1, 1, {}),
        ("its next run", "pull_request", "refs/pull/1/merge", 0, 1, {}),
        ("another one does not see that", "pull_request", "refs/pull/2/merge", 1, 2, {}),
        ("nor does the default branch", "push", "refs/heads/main", 1, 3, {}),
        ("a third one sees the default branch's", "pull_request", "refs/pull/3/merge", 0, 3, {}),
        ("without the cache", "pull_request", "refs/pull/3/merge", 1, 3, {"cache": "false"}),
    ]
    for what, event, ref, asked, wanted, given in cases:
        print(f"-- answers of a reviewer: {what}")
        log.write_text("")
        workspace = origin.checkout(origin.merge if event == "pull_request" else origin.feature)
        payload = pull_request() if event == "pull_request" else pushed
        outputs, code, _, _ = runner.run(workspace, event, payload, ref=ref, variables=secrets, **given)
        expect("outcome", (code, outputs["verdict"]), (0, "pass"))
        expect("questions", log.read_text().count("asked"), asked)
        expect("kept", kept(), wanted)
    print("-- answers of a reviewer: from a fork, without secrets, nobody is asked and a human must look")
    log.write_text("")
    outputs, code, said, _ = runner.run(
        origin.checkout(origin.merge), "pull_request", pull_request(fork=True), token="read", ref="refs/pull/4/merge"
    )
    expect("outcome", (code, outputs["verdict"]), (0, "review"))
    expect("says so", "not reviewed: no reviewer configured" in said, True)
    expect("questions and kept", (log.read_text(), kept()), ("", 3))


FOUND = [("unwrap-outside-tests", "src/main.rs")]


def main(folder):
    runner = Runner(folder)
    careless = Origin(folder / "careless", HOSTILE)
    careful = Origin(folder / "careful", CAREFUL)

    print("-- a pull request with an unwrap, of a checkout that lacks its base")
    stranger = {"databaseId": 1, "viewerDidAuthor": False, "body": f"{MARKER}\nnot by us"}
    platform = {"comments": [dict(stranger)], "sarif": []}
    everything = {"comment": "true", "upload_sarif": "true"}
    workspace = careless.checkout(careless.merge)
    outputs, code, log, summary = runner.run(workspace, "pull_request", pull_request(), platform, **everything)
    expect("exit code", code, 1)
    expect("verdict", outputs["verdict"], "reject")
    expect("counts", [outputs[name] for name in ("block", "review", "warn", "note")], ["1", "0", "0", "0"])
    expect("findings", rules(outputs), FOUND)
    expect("the rest stays shallow", git(workspace, "rev-parse", "--is-shallow-repository"), "true")
    stop = re.search(r"^::stop-commands::(\w{32})$", log, re.MULTILINE)
    expect("the report is bracketed", bool(stop), True)
    bracketed = log[stop.end():log.index(f"::{stop[1]}::")]
    expect("the code is shown where no command counts", "##［set-output" in bracketed, True)
    expect("and its command is none anywhere", "##[set-output" in log, False)
    commands = [line for line in log.replace(bracketed, "").splitlines() if line.startswith("::error")]
    expect("one annotation", [line.split(",")[0] for line in commands], ["::error file=src/main.rs"])
    expect("the summary", summary.startswith(MARKER) and "codex: rejected" in summary, True)
    expect("one comment more", len(platform["comments"]), 2)
    expect("of others none is touched", platform["comments"][0], stranger)
    expect("the comment", platform["comments"][1]["body"], summary)
    sent = json.loads(gzip.decompress(base64.b64decode(platform["sarif"][0]["sarif"])))
    expect("the SARIF that was sent", sent, json.loads(Path(outputs["sarif"]).read_text()))
    expect("and for what", platform["sarif"][0]["commit_sha"], careless.merge)

    print("-- the next push: the comment is updated, nothing is built again")
    workspace = careful.checkout(careful.merge)
    outputs, code, log, summary = runner.run(workspace, "pull_request", pull_request(), platform, **everything)
    expect("exit code", code, 0)
    expect("verdict", outputs["verdict"], "pass")
    expect("still two comments", len(platform["comments"]), 2)
    expect("the comment", "codex: passed" in platform["comments"][1]["body"], True)
    expect("nothing is built again", "Compiling" in log or "Installing" in log, False)

    print("-- two runs at the same time made a comment each: one stays")
    twice = {"comments": [dict(stranger)], "sarif": []}
    for number in (2, 3):
        twice["comments"].append({"databaseId": number, "viewerDidAuthor": True, "body": f"{MARKER}\nold"})
    workspace = careless.checkout(careless.merge)
    _, _, _, summary = runner.run(workspace, "pull_request", pull_request(), twice, comment="true")
    expect("comments", [comment["body"] for comment in twice["comments"]], [stranger["body"], summary])

    print("-- nothing to say: no comment")
    platform = {"comments": [], "sarif": []}
    runner.run(careful.checkout(careful.merge, depth=2), "pull_request", pull_request(), platform, **everything)
    expect("comments", platform["comments"], [])

    for token in ("read", "none"):
        print(f"-- from a fork, with a token that can {token}")
        platform = {"comments": [], "sarif": []}
        workspace = careless.checkout(careless.merge, depth=2)
        outputs, code, log, summary = runner.run(
            workspace, "pull_request", pull_request(fork=True), platform, token, **everything
        )
        expect("exit code", code, 1)
        expect("verdict", outputs["verdict"], "reject")
        expect("nothing is written", platform, {"comments": [], "sarif": []})
        for what in ("no comment was written", "not sent to code scanning"):
            expect(f"says `{what}`", what in log, True)
        expect("the summary", "codex: rejected" in summary, True)

    print("-- what a human must look at")
    ambiguous = Origin(folder / "ambiguous", AMBIGUOUS)
    platform = {"comments": [], "sarif": []}
    workspace = ambiguous.checkout(ambiguous.merge)
    outputs, code, log, _ = runner.run(workspace, "pull_request", pull_request(), platform, comment="true")
    expect("exit code", code, 0)
    expect("verdict", outputs["verdict"], "review")
    expect("annotation", "title=needs manual review" in log, True)
    expect("comment", len(platform["comments"]), 1)

    print("-- quiet: no annotations, no summary; reported only")
    workspace = careless.checkout(careless.merge)
    outputs, code, log, summary = runner.run(
        workspace, "pull_request", pull_request(), annotations="false", summary="false", arguments="--exit-zero src"
    )
    expect("exit code", code, 0)
    expect("verdict", outputs["verdict"], "reject")
    expect("annotations", "::error file" in log, False)
    expect("summary", summary, "")

    print("-- the head of the pull request is checked out, not the merge")
    outputs, code, _, _ = runner.run(careless.checkout(careless.feature), "pull_request", pull_request())
    expect("findings", (code, rules(outputs)), (1, FOUND))

    print("-- a merge group")
    payload = {"merge_group": {"base_sha": careless.base}}
    outputs, code, _, _ = runner.run(careless.checkout(careless.merge), "merge_group", payload)
    expect("findings", (code, rules(outputs)), (1, FOUND))

    for what, before in (("a push", careless.before), ("a new branch", "0" * 40), ("a forced push", LOST)):
        print(f"-- {what}")
        payload = {"before": before, "repository": {"default_branch": "main"}}
        outputs, code, _, _ = runner.run(careless.checkout(careless.feature), "push", payload)
        expect("findings", (code, rules(outputs)), (1, FOUND))

    print("-- a base that is named")
    outputs, code, _, _ = runner.run(careless.checkout(careless.feature), "workflow_dispatch", {}, base="origin/main")
    expect("findings", (code, rules(outputs)), (1, FOUND))

    answers(runner, ambiguous, folder)

    for base in ("no-such-revision", "--upload-pack=touch forged"):
        print(f"-- a base that is not there: {base}")
        workspace = careless.checkout(careless.merge)
        outputs, code, _, summary = runner.run(workspace, "pull_request", pull_request(), base=base, comment="true")
        expect("exit code", code, 2)
        expect("verdict", outputs["verdict"], "error")
        expect("the summary", "could not do its job" in summary, True)
        expect("nothing was run", list(workspace.glob("**/forged")), [])

    print("-- a label breaks the glass, for a fork, too; a trailer does so only in the repository itself")
    labelled = pull_request(fork=True)
    labelled["pull_request"]["labels"] = [{"name": "codex-break-glass"}]
    outputs, code, log, summary = runner.run(careless.checkout(careless.merge), "pull_request", labelled)
    expect("findings", (code, rules(outputs)), (0, FOUND))
    expect("verdict", outputs["verdict"], "pass")
    for what in (log, summary):
        expect("it is said", "GLASS BROKEN" in what, True)
    urgent = Origin(folder / "urgent", CARELESS, message="feature\n\nCodex-Break-Glass: the proxy is down")
    for head, wanted in ((7, 0), (8, 1), (None, 1)):
        payload = pull_request()
        repository = None if head is None else {"id": head}
        payload["pull_request"]["title"] = payload["pull_request"]["body"] = "Codex-Break-Glass: forged"
        payload["pull_request"] |= {"head": {"sha": urgent.feature, "repo": repository}, "base": {"repo": {"id": 7}}}
        outputs, code, log, _ = runner.run(urgent.checkout(urgent.merge), "pull_request", payload)
        expect(f"a commit of {head}", (code, rules(outputs)), (wanted, FOUND))
        expect("it says why", "the proxy is down" in log, wanted == 0)
    print("-- the action holds")


main(Path(sys.argv[1]).resolve())
