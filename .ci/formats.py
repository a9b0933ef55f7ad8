"""Asks validators of other people what they think of each format: formats.py CODEX FOLDER

Validated are what the tests hold to be right (`fixtures/outputs/`, hostile texts included) and two runs of the program.
The validators come from npm (into FOLDER) and PyPI (check-jsonschema and junitparser, on the path and importable).
"""

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
    def __init__(self, folder):
        folder.mkdir(parents=True)
        # npm runs no script of a package; what one would have done is that the program may be run.
        must("npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", *NPM)
        modules = folder / "node_modules"
        self.multitool = modules / "@microsoft/sarif-multitool-linux/Sarif.Multitool"
        self.multitool.chmod(0o755)
        self.sarif_schema = modules / "@microsoft/sarif-multitool-linux/sarif-2.1.0.json"
        self.rdformat = modules / ".bin/rdformat-validator"

    def sarif(self, file):
        must("check-jsonschema", "--schemafile", self.sarif_schema, file)
        # It exits with 0 whatever it finds.
        said = must(self.multitool, "validate", file, "--rule-kind", "Sarif;GHAS")
        complaints = [line for line in said.splitlines() if ": error " in line or ": warning " in line]
        if complaints or "Analysis completed successfully" not in said:
            sys.exit(f"FAILED: {file}\n{said}")

    def rdjson(self, file):
        must(self.rdformat, "--strict", "--no-extra-fields", file)

    def gitlab(self, file):
        must("check-jsonschema", "--schemafile", CHECKOUT / ".ci/code-quality.schema.json", file)

    def junit(self, file):
        report = junitparser.JUnitXml.fromfile(str(file))
        tests = [test for suite in report for test in suite]
        failures = sum(isinstance(result, junitparser.Failure) for test in tests for result in test.result)
        if (len(tests), failures) != (report.tests, report.failures):
            sys.exit(f"FAILED: {file}: counts {report.tests} tests, {report.failures} failures")


def broken_sarif(validators, file):
    """A validator that accepts everything would be none."""
    text = file.read_text().replace('"startLine": 3', '"startLine": "three"')
    broken = file.with_name("broken.sarif")
    broken.write_text(text)
    code, _ = run("check-jsonschema", "--schemafile", validators.sarif_schema, broken)
    if code == 0:
        sys.exit("FAILED: the schema of SARIF accepts a line that is no number")


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
            getattr(validators, name)(file)
            print(f"valid: {file.name}")
    broken_sarif(validators, folder / "everything-sarif.sarif")


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
