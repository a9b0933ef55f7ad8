#!/usr/bin/env python3
"""Walks the history of a repository and checks that `codex check` keeps its books.

    .ci/history.py CODEX REPOSITORY [COMMITS [RULES]]

For each commit of the first-parent history: what it introduces, and what it removes (the same comparison the other way
round). Over the whole range the sum of the one less the sum of the other must be what the last tree has more than the
first, commit by commit and for the range at once. That holds for violations: a question that becomes a violation is
introduced, and removed when it becomes a question again. Questions alone have no such law, and are only counted; plain
rules, in a folder RULES, have none. No run may end with exit code 2.
Runs on demand, as it needs a repository that is not ours.
"""

import json
import subprocess
import sys
import time
from collections import Counter

IDENTITY = ["-c", "user.name=codex", "-c", "user.email=codex@example.com"]


def git(repository, *arguments, text=""):
    command = ["git", "-C", repository, *IDENTITY, *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.strip()


def main():
    codex, repository = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    rules = ["--rules", sys.argv[4]] if len(sys.argv) > 4 else []
    spent = {"codex": 0.0, "git": 0.0, "runs": 0, "refused": 0}

    def check(base, head):
        """The findings of head that base has not."""
        command = [codex, "-C", repository, "check", "--base", base, "--head", head, "--format", "json", *rules]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        middle = time.perf_counter()
        subprocess.run(["git", "-C", repository, "diff", base, head], capture_output=True)
        spent["codex"] += middle - begin
        spent["git"] += time.perf_counter() - middle
        spent["runs"] += 1
        if done.returncode not in (0, 1):
            spent["refused"] += 1
            print(f"{base[:10]}..{head[:10]}: exit code {done.returncode}\n{done.stderr}")
            return Counter()
        report = json.loads(done.stdout)
        for unchecked in report["unchecked"]:
            print(f"{head[:10]}: not checked: {unchecked}")
        return Counter(finding["certainty"] for finding in report["findings"])

    def on_top(tree, parent):
        return git(repository, "commit-tree", f"{tree}^{{tree}}", "-p", parent, "-m", "x")

    commits = git(repository, "rev-list", "--first-parent", f"--max-count={count + 1}", "HEAD").split()[::-1]
    nothing = git(repository, "commit-tree", git(repository, "mktree"), "-m", "nothing")
    introduced, removed = Counter(), Counter()
    for old, new in zip(commits, commits[1:]):
        introduced += check(old, new)
        removed += check(new, on_top(old, new))
    first, last = commits[0], commits[-1]
    at_first, at_last = (check(nothing, on_top(tree, nothing)) for tree in (first, last))
    came, went = check(first, last), check(last, on_top(first, last))
    print(f"{len(commits) - 1} commits")
    for kind in ("violation", "ambiguous"):
        more = at_last[kind] - at_first[kind]
        print(
            f"{kind}: {introduced[kind]} introduced, {removed[kind]} removed; {at_first[kind]} at first, "
            f"{at_last[kind]} at last ({more:+}); the range at once: {came[kind]} introduced, {went[kind]} removed"
        )
    print(
        f"{spent['runs']} runs, {spent['refused']} with exit code 2; "
        f"codex {spent['codex']:.1f} s, git diff {spent['git']:.1f} s, ratio {spent['codex'] / spent['git']:.1f}"
    )
    kind = "violation"
    more = at_last[kind] - at_first[kind]
    if (introduced[kind] - removed[kind], came[kind] - went[kind]) != (more, more) or spent["refused"]:
        sys.exit("the books do not balance")


main()
