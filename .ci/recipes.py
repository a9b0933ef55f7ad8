"""Runs the shell of the recipes in docs/ci.md, with what their platforms set: recipes.py FOLDER, with codex on the path

A tree is scanned in as many shards as a recipe says, each on a machine of its own, and the merged report must be the one of a
single run. Not run is what gets the program and moves files between machines; that is done here.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
RECIPES = re.findall(r"^```(yaml|sh)\n(.*?)^```", (CHECKOUT / "docs/ci.md").read_text(), re.MULTILINE | re.DOTALL)
CARELESS = "pub fn f{n}(x: Option<u8>, m: std::sync::Mutex<u8>) -> u8 {{\n    drop(m.lock().unwrap());\n    x.unwrap()\n}}\n"


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"FAILED: {what}: {found!r} instead of {wanted!r}")


def run(folder, script, shell=("sh", "-e", "-c"), **platform):
    foreign = ("GITHUB_", "CI", "CODEX", "GIT_", "BUILDKITE", "JOB_COMPLETION")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = inherited | {"CI": "true"} | {name: str(value) for name, value in platform.items()}
    done = subprocess.run([*shell, script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def must(folder, script, **platform):
    code, said, complaints = run(folder, script, **platform)
    expect(f"{script}: {complaints}", code, 0)
    return said


def recipe(word):
    """The one with this word in it."""
    found = [text for _, text in RECIPES if word in text]
    expect(f"recipes with `{word}`", len(found), 1)
    return found[0]


def tree(folder):
    for number in range(30):
        file = folder / f"src/{number % 4}/{number}.rs"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("// padding\n" * number * number + CARELESS.format(n=number))
    (folder / "src/nul.rs").write_bytes(b"\0")


class Fleet:
    """Machines with the same sources, and what one run says of them."""

    def __init__(self, folder):
        self.folder, self.machines = folder, 0
        self.sources = folder / "sources"
        tree(self.sources)
        self.whole = {name: run(self.sources, f"codex check --all --format {name}")[1] for name in ("json", "sarif")}
        assert self.whole["json"].count('"disposition": "block"') == 30

    def machine(self, empty=False):
        self.machines += 1
        folder = self.folder / f"machine-{self.machines}"
        folder.mkdir() if empty else shutil.copytree(self.sources, folder)
        return folder

    def collect(self, machine, patterns, into):
        files = [file for pattern in patterns for file in machine.glob(pattern)]
        assert files, f"no artifact {patterns}"
        for file in files:
            assert not (into / file.name).exists(), f"{file.name} is there twice"
            shutil.copy(file, into)

    def merged(self, what, machine, reports):
        """The reports that a recipe brought together are those of all shards."""
        merged = run(machine, f"codex merge {reports} --format json")
        expect(f"{what}: the merged report", merged[1] == self.whole["json"], True)
        sarif = machine / "codex.sarif"
        if sarif.exists():
            expect(f"{what}: the merged SARIF", sarif.read_text() == self.whole["sarif"], True)
        print(f"-- {what} holds")


def github(fleet):
    jobs = yaml.safe_load(recipe("matrix:"))["jobs"]
    shards = jobs["scan"]["strategy"]["matrix"]["shard"]
    merging = fleet.machine(empty=True)
    fill = lambda text, shard: str(text).replace("${{ matrix.shard }}", str(shard))
    bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    for shard in shards:
        machine = fleet.machine()
        for step in jobs["scan"]["steps"]:
            if "upload-artifact" in step.get("uses", ""):
                fleet.collect(machine, [fill(step["with"]["path"], shard)], merging)
            elif "run" in step and not step["run"].startswith("cargo install "):
                variables = {name: fill(value, shard) for name, value in step["env"].items()}
                expect(f"shard {shard}", run(machine, step["run"], bash, GITHUB_ACTIONS="true", **variables)[0], 0)
    merge = jobs["merge"]["steps"][-1]["run"]
    summary = merging / "summary"
    expect("the merge", run(merging, merge, bash, GITHUB_STEP_SUMMARY=summary)[0], 1)
    expect("the summary", "codex: rejected" in summary.read_text(), True)
    fleet.merged("GitHub's matrix", merging, "codex-*.json")


def gitlab(fleet):
    jobs = yaml.safe_load(recipe("parallel: "))
    total = jobs["scan"]["parallel"]
    merging = fleet.machine(empty=True)
    for index in range(1, total + 1):
        machine = fleet.machine()
        must(machine, "\n".join(jobs["scan"]["script"]), GITLAB_CI="true", CI_NODE_INDEX=index, CI_NODE_TOTAL=total)
        fleet.collect(machine, jobs["scan"]["artifacts"]["paths"], merging)
    expect("the merge", run(merging, "\n".join(jobs["merge"]["script"]))[0], 1)
    fleet.merged("GitLab's parallel", merging, "codex-*.json")


def kubernetes(fleet):
    job = yaml.safe_load(recipe("kind: Job"))["spec"]
    container = job["template"]["spec"]["containers"][0]
    reports = fleet.machine(empty=True)
    local = lambda text: text.replace("/reports/", f"{reports}/")
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    expect("the working folder is read only", mounts[container["workingDir"]]["readOnly"], True)
    for index in range(job["completions"]):
        before = sorted(fleet.sources.rglob("*"))
        code, _, said = run(fleet.sources, local(container["args"][0]), container["command"], JOB_COMPLETION_INDEX=index)
        expect(f"pod {index}: {said}", code, 0)
        expect("nothing is written into the sources", sorted(fleet.sources.rglob("*")), before)
    expect("the merge", run(reports, local(recipe("/reports/*.json --format human")))[0], 1)
    fleet.merged("Kubernetes' indexed job", reports, "*.json")


def plain_shell(folder):
    """The recipe for any other platform: a clone with a branch that brings an unwrap."""
    origin, clone = folder / "origin", folder / "clone"
    git = "git -c user.name=a -c user.email=a@localhost -c commit.gpgsign=false"
    origin.mkdir(parents=True)
    (origin / "a.rs").write_text("fn main() {}\n")
    must(origin, f"git init --quiet --initial-branch main; git add .; {git} commit --quiet --message base")
    must(folder, f"git clone --quiet {origin} clone")
    must(clone, f"git checkout --quiet -b feature; printf '{CARELESS.format(n=0)}' > b.rs; git add .; {git} commit --quiet --message b")
    code, said, _ = run(clone, recipe("codex gate codex.json"))
    expect("the gate", (code, said.count("verdict=reject")), (1, 1))
    for name in ("codex.json", "codex.xml"):
        expect(f"{name} is there", (clone / name).stat().st_size > 0, True)
    print("-- a plain shell holds")


def main(folder):
    fleet = Fleet(folder / "fleet")
    github(fleet)
    gitlab(fleet)
    kubernetes(fleet)
    plain_shell(folder / "shell")


main(Path(sys.argv[1]).resolve())
