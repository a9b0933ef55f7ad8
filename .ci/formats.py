"""Asks validators of other people what they think of each format: formats.py CODEX FOLDER

Validated are what the tests hold to be right (`fixtures/outputs/`, hostile texts included) and two runs of the program. Then
each validator is shown reports that are broken, and must refuse them.
The validators come from npm (into FOLDER) and PyPI (check-jsonschema and junitparser, on the path and importable).
"""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import junitparser

CHECKOUT = Path(__file__).resolve().parent.parent
NPM = ["@microsoft/sarif-multitool-linux@5.7.0", "@umbrelladocs/rdformat-validator@1.0.1"]
SUFFIXES = {"sarif": ".sarif", "rdjson": ".json", "gitlab": ".json", "junit": ".xml"}


def run(*command):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, done.stdout


def must(*command):
    code, said = run(*command)
    if code != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{said}")
    return said


class Validators:
    """Each gives what it has to complain about; nothing when there is nothing."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        # npm runs no script of a package; what one would have done is that the program may be run.
        must("npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", *NPM)
        modules = folder / "node_modules"
        self.multitool = modules / "@microsoft/sarif-multitool-linux/Sarif.Multitool"
        self.multitool.chmod(0o755)
        self.sarif_schema = modules / "@microsoft/sarif-multitool-linux/sarif-2.1.0.json"
        self.rdformat = modules / ".bin/rdformat-validator"

    def schema(self, schema, file):
        code, said = run("check-jsonschema", "--schemafile", schema, file)
        return said if code != 0 else ""

    def multitool_of(self, file):
        # It exits with 0 whatever it finds.
        said = must(self.multitool, "validate", file, "--rule-kind", "Sarif;GHAS")
        complaints = [line for line in said.splitlines() if ": error " in line or ": warning " in line]
        return said if complaints or "Analysis completed successfully" not in said else ""

    def sarif(self, file):
        return self.schema(self.sarif_schema, file) or self.multitool_of(file)

    def rdjson(self, file):
        code, said = run(self.rdformat, "--strict", "--no-extra-fields", file)
        return said if code != 0 else ""

    def gitlab(self, file):
        complaints = self.schema(CHECKOUT / ".ci/code-quality.schema.json", file)
        fingerprints = [] if complaints else [entry["fingerprint"] for entry in json.loads(file.read_text())]
        return complaints or ("a fingerprint is there twice" if len(set(fingerprints)) < len(fingerprints) else "")

    def junit(self, file):
        try:
            report = junitparser.JUnitXml.fromfile(str(file))
        except Exception as error:  # whatever a parser raises is a complaint
            return f"{type(error).__name__}: {error}"
        tests = [test for suite in report for test in suite]
        failures = sum(isinstance(result, junitparser.Failure) for test in tests for result in test.result)
        fits = (len(tests), failures) == (report.tests, report.failures)
        return "" if fits else f"counts {report.tests} tests, {report.failures} failures"


# A validator that accepts everything would be none: which one must complain when a report is broken how.
BROKEN = [
    ("schema of SARIF", "sarif", '"startLine": 3', '"startLine": "three"'),
    ("schema of SARIF", "sarif", '"results": [', '"resluts": ['),
    ("multitool", "sarif", '"ruleIndex": 1', '"ruleIndex": 17'),
    ("multitool", "sarif", '"endLine": 3', '"endLine": 2'),
    ("multitool", "sarif", '"shortDescription"', '"properties2"'),
    ("rdjson", "rdjson", '"severity": "ERROR"', '"severity": "FATAL"'),
    ("rdjson", "rdjson", '"message":', '"mesage":'),
    ("gitlab", "gitlab", '"severity": "critical"', '"severity": "block"'),
    ("gitlab", "gitlab", '"begin": 3', '"begin": 0'),
    ("gitlab", "gitlab", '"fingerprint": "0000000000000001"', '"fingerprint": "0000000000000002"'),
    ("junit", "junit", "</testsuites>", ""),
    ("junit", "junit", "<failure ", "<skipped "),
    ("junit", "junit", "`unwrap` ends", "\x1b ends"),
]


def break_them(validators, texts, folder):
    ask = {
        "schema of SARIF": lambda file: validators.schema(validators.sarif_schema, file),
        "multitool": validators.multitool_of,
    }
    for number, (validator, name, old, new) in enumerate(BROKEN):
        assert old in texts[name], f"{name} has no {old}"
        text = texts[name].replace(old, new)
        if name == "junit" and old == "<failure ":
            text = text.replace("</failure>", "</skipped>")
        file = folder / f"broken-{number}{SUFFIXES[name]}"
        file.write_text(text)
        complaint = ask.get(validator, getattr(validators, validator, None))(file)
        if not complaint:
            sys.exit(f"FAILED: {validator} accepts {new} in place of {old}")
        print(f"refused by {validator}: {new or 'nothing'} in place of {old}")


def largest(codex, folder):
    """GitHub refuses SARIF of more than 10 MB compressed, or of more than 25,000 results: no text and no path gets there."""
    everything = json.loads((CHECKOUT / "fixtures/outputs/everything.json").read_text())
    chance = random.Random(0)
    letters = "".join(map(chr, range(0x4E00, 0x9FA5)))
    for messages, paths in ((2_000, 4), (20, 1_300), (20, 60)):
        text = lambda length: "".join(chance.choices(letters, k=length))
        model = everything["findings"][0] | {"labels": []}
        # Of long texts a few thousand are enough to fill the room.
        findings = [model | {"message": text(messages), "path": text(paths)} for _ in range(min(26_000, 20_000_000 // (messages + paths)))]
        summary = everything["summary"] | dict.fromkeys(("review", "warn", "note"), 0) | {"block": len(findings)}
        report = everything | {
            "findings": findings, "unchecked": [], "summary": summary, "shard": {"index": 1, "of": 1, "tree": "x"},
        }
        (folder / "largest.json").write_text(json.dumps(report))
        file = folder / "largest.sarif"
        run(codex, "merge", folder / "largest.json", f"--format=sarif={file}")
        compressed, results = len(gzip.compress(file.read_bytes())), json.loads(file.read_text())["runs"][0]["results"]
        print(f"texts of {messages}, paths of {paths}: {len(results)} results, {compressed} bytes compressed")
        if compressed > 10_000_000 or not 0 < len(results) <= 25_000:
            sys.exit("FAILED: GitHub would refuse that")


def main(codex, folder):
    validators = Validators(folder / "npm")
    cases = {}
    for case in sorted((CHECKOUT / "fixtures/outputs").glob("*/")):
        cases[case.name] = {name: (case / f"{name}.txt").read_text() for name in SUFFIXES}
    for incident in sorted((CHECKOUT / "fixtures/incidents").glob("*/")):
        wanted = [f"--format={name}={folder / name}" for name in SUFFIXES]
        run(codex, "-C", incident, "check", "--diff", "change.patch", *wanted)
        cases[incident.name] = {name: (folder / name).read_text() for name in SUFFIXES}
    assert len(cases) >= 6, cases.keys()
    for case, texts in cases.items():
        for name, text in texts.items():
            file = folder / f"{case}-{name}{SUFFIXES[name]}"
            file.write_text(text)
            if complaint := getattr(validators, name)(file):
                sys.exit(f"FAILED: {file}\n{complaint}")
            print(f"valid: {file.name}")
    break_them(validators, cases["everything"], folder)
    largest(codex, folder)


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
