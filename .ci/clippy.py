#!/usr/bin/env python3
"""Asks clippy about the labels of fixtures/rust, where its packages compile.

    .ci/clippy.py [CLIPPY CODEX]

A line that `clippy::unwrap_used` names and that has no label, or one that has a label and is not named, must stand in
`.ci/clippy.json` with the reason; what stands there and is not so any more is wrong, too.

With CLIPPY, a checkout of rust-lang/rust-clippy, and CODEX, the program: the same for clippy's own tests of the lint,
against their `.stderr` files. Runs on demand, as it needs a repository that is not ours.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures/rust"
PACKAGES = ["autos", "doubts", "spellings", "targets"]
LINT = "clippy::unwrap_used"
OF_THE_LINT = ["ui-toml/unwrap_used", "ui-toml/unwrap_used_allowed", "ui/unwrap_expect_used.rs", "ui/get_unwrap.rs"]


def labels(folder):
    """Path and line of every label, and what it says."""
    found = {}
    for path in sorted(folder.rglob("*.rs")):
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1):
            comment = line.rpartition("// ")[2] if "// " in line else ""
            word = comment.split()[0] if comment.split() else ""
            if word in ("violation", "ambiguous"):
                found[f"{path.relative_to(FIXTURES)}:{number}"] = word
    return found


def named(package, scratch):
    """Path and line of the word in all that clippy names."""
    folder = scratch / package
    shutil.copytree(FIXTURES / package, folder)
    command = ["cargo", "clippy", "--quiet", "--offline", "--lib", "--bins", "--examples", "--message-format=json"]
    command += ["--config", 'build.rustflags=["--cap-lints=warn"]', "--", "-A", "clippy::all", "-W", LINT]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(scratch / "target")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    found = set()
    for line in done.stdout.splitlines():
        message = json.loads(line).get("message") or {}
        if (message.get("code") or {}).get("code") == LINT:
            span = next(span for span in message["spans"] if span["is_primary"])
            text = (folder / span["file_name"]).read_bytes()
            before = text[: text.rindex(b"unwrap", 0, span["byte_end"])]
            found.add(f"{package}/{span['file_name']}:{before.count(bytes([10])) + 1}")
    if done.returncode != 0:
        sys.exit(f"{package} does not compile\n{done.stdout[-2000:]}\n{done.stderr}")
    return found


def fixtures():
    reasons = json.loads((HERE / "clippy.json").read_text())
    known = {place: reason for reason, places in reasons.items() for place in places}
    wrong, asked = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            said = labels(FIXTURES / package)
            seen = named(package, pathlib.Path(scratch))
            asked += len(said)
            differs = seen ^ set(said)
            recorded = {place for place in known if place.startswith(f"{package}/")}
            wrong += [f"{place}: {said.get(place, 'nothing')}, and clippy says otherwise" for place in differs - recorded]
            wrong += [f"{place}: recorded as different, and is not" for place in recorded - differs]
    print("\n".join(sorted(wrong) + [f"{asked} labels, {len(known)} lines recorded as different, {len(wrong)} wrong"]))
    return bool(wrong)


def own_tests(clippy, codex):
    tests = pathlib.Path(clippy) / "tests"
    sources = [path for name in OF_THE_LINT for path in ([tests / name] if name.endswith(".rs") else sorted((tests / name).glob("*.rs")))]
    wanted = found = violations = right = 0
    with tempfile.TemporaryDirectory() as scratch:
        for source in sources:
            package = pathlib.Path(scratch) / source.stem
            (package / "src").mkdir(parents=True)
            (package / "Cargo.toml").write_text('[package]\nname = "a"\n')
            shutil.copy(source, package / "src/lib.rs")
            names = re.findall(r"error: used `unwrap(?:_err)?\(\)`.*\n +--> [^:\n]+:(\d+)", source.with_suffix(".stderr").read_text())
            done = subprocess.run([codex, "-C", package, "check", "--all", "--format", "json"], capture_output=True, text=True)
            ours = [it for it in json.loads(done.stdout)["findings"] if it["rule"] == "unwrap-outside-tests"]
            lines = {it["focus"]["start"]["line"]: it["certainty"] for it in ours}
            for line in sorted({int(name) for name in names} | set(lines)):
                is_named = str(line) in names
                wanted += is_named
                found += is_named and line in lines
                violations += lines.get(line) == "violation"
                right += is_named and lines.get(line) == "violation"
                if is_named != (lines.get(line) == "violation"):
                    print(f"{source.relative_to(tests)}:{line}: {'named' if is_named else 'not named'}, here {lines.get(line)}")
    print(f"{found} of {wanted} named lines found; {right} of {violations} violations are named")
    return found < 0.99 * wanted or right < 0.97 * violations


sys.exit(own_tests(*sys.argv[1:3]) if len(sys.argv) == 3 else fixtures())
