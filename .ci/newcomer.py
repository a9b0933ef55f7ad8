"""Walks a newcomer's path through README.md, by its own words: newcomer.py FOLDER, with git and check-jsonschema

Install, first rejection, the hook's and the action's files, first own RFC: what is run stands in the README, and a step that is
no longer there fails. The hooks of the README are run by `pre-commit` beside this file, the action by `action.py`, the console
blocks by `cargo test`. CODEX, when set, is a program to take in place of an installation.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
README = (CHECKOUT / "README.md").read_text()
CARELESS = 'fn main() {\n    let name = std::env::args().nth(1).unwrap();\n    println!("Hello, {name}");\n}\n'
IDENTITY = "git -c user.name=newcomer -c user.email=newcomer@localhost -c commit.gpgsign=false"


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"FAILED: {what}: {found!r} instead of {wanted!r}")


class Desk:
    """A shell at a developer's desk."""

    def __init__(self, folder):
        foreign = ("GITHUB_", "CI", "CODEX", "GIT_", "PRE_COMMIT", "BUILDKITE", "GITLAB_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environment |= {"CARGO_INSTALL_ROOT": str(folder / "root"), "GIT_CEILING_DIRECTORIES": str(folder)}
        self.environment["PATH"] = f"{folder / 'root/bin'}:{os.environ['PATH']}"
        self.folder = folder

    def says(self, command, code=0):
        """What a command of the README says; it must end as it should."""
        expect(f"the README says `{command}`", f"`{command}`" in README, True)
        return self.does(command, code)

    def does(self, command, code=0):
        done = subprocess.run(
            ["sh", "-e", "-c", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        print(f"$ {command}\n{done.stdout}", end="")
        expect(f"exit code of `{command}`", done.returncode, code)
        return done.stdout


def block(beginning):
    """The fenced block of the README that begins so."""
    found = re.findall(rf"^(`{{3,}})\w+\n({re.escape(beginning)}.*?)^\1$", README, re.MULTILINE | re.DOTALL)
    expect(f"blocks that begin with `{beginning}`", len(found), 1)
    return found[0][1]


def main(folder):
    folder.mkdir(parents=True)
    desk = Desk(folder)
    print("-- install")
    if program := os.environ.get("CODEX"):
        (folder / "root/bin").mkdir(parents=True)
        shutil.copy(program, folder / "root/bin/codex")
    else:
        desk.folder = CHECKOUT
        desk.says("cargo install --locked --path .")
    repository = desk.folder = folder / "greeter"
    (repository / "src").mkdir(parents=True)
    (repository / "Cargo.toml").write_text('[package]\nname = "greeter"\nversion = "0.1.0"\nedition = "2024"\n')
    (repository / "src/main.rs").write_text("fn main() {}\n")
    desk.does(f"git init --quiet --initial-branch main; git add .; {IDENTITY} commit --quiet --message base")

    print("-- set up, and the first rejection")
    desk.says("codex init")
    desk.does(f"git add .; {IDENTITY} commit --quiet --message codex; git checkout --quiet -b feature")
    said = desk.says("codex check")
    expect("nothing yet", "no findings" in said, True)
    (repository / "src/main.rs").write_text(CARELESS)
    said = desk.says("codex check", 1)
    expect("the rejection", "block: `unwrap`" in said and "src/main.rs:2" in said and "If you need" in said, True)
    desk.does("codex explain unwrap-outside-tests")

    print("-- the hook and the action")
    workflow = folder / "workflow.yml"
    workflow.write_text("name: codex\n" + block("on: [pull_request, merge_group]"))
    for file in (workflow, repository / ".github/workflows/codex.yml"):
        desk.does(f"check-jsonschema --builtin-schema vendor.github-workflows {file}")
        expect(f"{file.name} uses the action", "uses: engineering-codex/codex@v" in file.read_text(), True)
    hooks = set(re.findall(r"- id: ([\w-]+)", (CHECKOUT / ".pre-commit-hooks.yaml").read_text()))
    for text in (block("repos:"), (repository / ".pre-commit-config.yaml").read_text()):
        named = set(re.findall(r"- id: ([\w-]+)", text))
        expect("hooks that there are", named <= hooks and "codex" in named, True)

    print("-- the first RFC of one's own")
    desk.says("codex new sleep-in-handler --language rust")
    begun = list((repository / "rfcs").glob("*.md"))
    expect("one file", len(begun), 1)
    desk.says("codex test")
    begun[0].unlink()
    rfc = repository / "rfcs/0042-sleep.md"
    rfc.write_text(block("---\nrfc: 42"))
    desk.says("codex test")
    desk.says("codex compile")
    desk.says("codex compile --check")
    (repository / "src/main.rs").write_text("fn main() {\n    std::thread::sleep(PAUSE);\n    thread::sleep(PAUSE);\n}\n")
    said = desk.says("codex check --all --only sleep-in-handler --drafts")
    expect("it warns", "warn: A request handler MUST NOT sleep." in said, True)
    for status, code in (("approved", 0), ("enforced", 1)):
        rfc.write_text(re.sub("^status: .*", f"status: {status}", rfc.read_text(), flags=re.MULTILINE))
        desk.does("codex compile")
        said = desk.does("codex check", code)
        expect(f"{status}", "sleep-in-handler" in said, True)
    print("-- the path holds")


main(Path(sys.argv[1]).resolve())
