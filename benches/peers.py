"""The measuring half of peers.sh: writes the rules, compares findings, prints ratios."""

import collections, functools, json, os, pathlib, re, statistics, subprocess, sys, time

codex, ast_grep, corpus, work, hand_written = sys.argv[1:]
runs = int(os.environ.get("RUNS", "3"))
only = os.environ.get("ONLY", "")
ENDINGS = {"rust": ".rs", "lua": ".lua"}
# The name of one rule, and how many of the most frequent names are passed over: bans are about rarer ones.
FIRST = {"rust": ("unwrap", 300), "lua": ("find", 150)}


def method_names(language):
    """One frequent name, then names of middling frequency and names that occur nowhere, in turn."""
    called = re.compile(rb"[.:]([A-Za-z_][A-Za-z0-9_]*)\(")
    count = collections.Counter()
    for path in pathlib.Path(corpus, language).rglob("*" + ENDINGS[language]):
        count.update(called.findall(path.read_bytes()))
    first, rank = FIRST[language]
    known = sorted(count, key=lambda name: (-count[name], name))[rank:]
    names = [first]
    for index, name in enumerate(name.decode() for name in known if name != first.encode()):
        names += [name, f"zz_absent_method_{index}"]
    return names


def ban(language, name):
    patterns = {"rust": [f"$X.{name}($$$A)"], "lua": [f"$X.{name}($$$A)", f"$X:{name}($$$A)"]}[language]
    return {"any": [{"pattern": pattern} for pattern in patterns]} if len(patterns) > 1 else {"pattern": patterns[0]}


def write_rules(language, count, names):
    folder = pathlib.Path(work, f"{language}-{count}")
    folder.mkdir(exist_ok=True)
    rules = [
        {"id": f"r{index}", "language": language, "severity": "warning", "message": "m", "rule": ban(language, name)}
        for index, name in enumerate(names[:count])
    ]
    (folder / "rules.yml").write_text("\n---\n".join(map(json.dumps, rules)))
    return folder


def commands(language, rules):
    config = pathlib.Path(work, f"sgconfig-{rules.name}.yml")
    config.write_text(json.dumps({"ruleDirs": [str(rules)]}))
    threads = str(os.cpu_count())
    return {
        "codex": [codex, "check", "--all", ".", "--format", "json", "--no-ignore", "--no-suppressions", "--exit-zero"]
        + ["--rules", str(rules)],
        "ast-grep": [ast_grep, "scan", "-c", str(config), "--json=stream", "--no-ignore", "hidden", "-j", threads, "."],
    }


def environment():
    clean = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("CODEX_")}
    return clean | {"XDG_CONFIG_HOME": "/nonexistent"}


def is_utf8(path):
    try:
        path.read_text("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def findings(name, output, folder):
    if name == "codex":
        report = json.loads(output)
        assert not report["rules_refused"], report["rules_refused"]
        assert not report.get("unchecked"), report["unchecked"]
        spot = lambda found: (found["range"]["start"]["byte"], found["range"]["end"]["byte"])
        # codex looks at sources that are not UTF-8, ast-grep does not.
        both_read = functools.cache(lambda path: is_utf8(folder / path))
        found = [one for one in report["findings"] if both_read(one["path"])]
        return sorted((one["rule"], one["path"], *spot(one)) for one in found)
    found = [json.loads(line) for line in output.splitlines()]
    spot = lambda found: (found["range"]["byteOffset"]["start"], found["range"]["byteOffset"]["end"])
    return sorted((one["ruleId"], one["file"].removeprefix("./"), *spot(one)) for one in found)


# Runs a command. A process of its own, because Linux counts the peak of whoever starts a program as that program's.
STOPWATCH = """
import os, subprocess, sys, time
start = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, _, usage = os.wait4(child.pid, 0)
print(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def measure(command, folder):
    """Wall seconds, processor seconds and peak MiB of one run."""
    stopwatch = [sys.executable, "-I", "-S", "-c", STOPWATCH, *command]
    run = subprocess.run(stopwatch, cwd=folder, capture_output=True, check=True, env=environment())
    return [float(figure) for figure in run.stdout.split()]


def row(language, label, rules):
    title = f"{language} {label}"
    if only and only not in title:
        return
    folder = pathlib.Path(corpus, language)
    both = commands(language, rules)
    outputs = {}
    for name, command in both.items():
        run = subprocess.run(command, cwd=folder, capture_output=True, env=environment())
        outputs[name] = findings(name, run.stdout, folder)
    if outputs["codex"] != outputs["ast-grep"]:
        ours, theirs = set(outputs["codex"]), set(outputs["ast-grep"])
        sys.exit(f"{title}: findings differ: {len(ours)} and {len(theirs)}\n"
                 f"only codex: {sorted(ours - theirs)[:5]}\nonly ast-grep: {sorted(theirs - ours)[:5]}")
    times = {name: [] for name in both}
    for _ in range(runs):
        for name, command in both.items():
            times[name].append(measure(command, folder))
    median = {name: [statistics.median(column) for column in zip(*of)] for name, of in times.items()}
    (wall, cpu, peak), (their_wall, their_cpu, their_peak) = median["codex"], median["ast-grep"]
    print(f"{title:<22} {len(outputs['codex']):>7} findings   wall {their_wall / wall:5.2f}x   cpu {their_cpu / cpu:5.2f}x"
          f"   (codex {wall:6.2f} s {cpu:6.2f} s {peak:5.0f} MiB, ast-grep {their_wall:6.2f} s {their_cpu:6.2f} s {their_peak:5.0f} MiB)",
          flush=True)


def start_up():
    """One empty folder: what a run pays for its rules."""
    empty = pathlib.Path(work, "empty")
    empty.mkdir(exist_ok=True)
    names = method_names("rust")
    for count in (25, 500):
        title = f"start-up {count}"
        if only and only not in title:
            continue
        command = commands("rust", write_rules("rust", count, names))["codex"]
        walls = sorted(measure(command, empty)[0] for _ in range(20))
        print(f"{title:<22} {1000 * statistics.median(walls):6.1f} ms (fastest {1000 * walls[0]:.1f})", flush=True)


start_up()
for language in ENDINGS:
    names = method_names(language)
    for count in (1, 100, 500):
        row(language, str(count), write_rules(language, count, names))
    row(language, "hand-written", pathlib.Path(hand_written, language))
