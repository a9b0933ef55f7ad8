"""What codex shows on a terminal: terminal.py CODEX FOLDER

The tests of `cargo test` have none; here is one, of any width. Shown is who colours, how wide, and the bar of a long run.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

CODE = "fn f{n}(x: Option<u8>) {{ x.unwrap(); }}\n"
FOREIGN = ("CI", "CODEX", "CLICOLOR", "NO_COLOR", "TERM", "GITHUB_", "GIT_")


def on_terminal(codex, folder, *arguments, width=100, **variables):
    """What a terminal of this width gets to see."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    process = subprocess.Popen(
        [codex, "-C", folder, "check", "--all", *arguments], env=inherited | {"TERM": "xterm"} | variables,
        stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(controller)
    process.wait()
    return shown.decode().replace("\r\n", "\n")


def expect(what, holds, shown):
    if not holds:
        sys.exit(f"FAILED: {what}:\n{shown}")
    print(f"-- {what}")


def main(codex, folder):
    short, long = folder / "short", folder / "long"
    short.mkdir(parents=True)
    long.mkdir()
    (short / "a.rs").write_text(CODE.format(n=0))
    is_coloured = lambda shown: "\x1b[" in shown
    for what, variables, arguments, wanted in (
        ("a terminal has colours", {}, [], True),
        ("but for NO_COLOR", {"NO_COLOR": "1"}, [], False),
        ("which may be empty", {"NO_COLOR": ""}, [], True),
        ("but for CLICOLOR=0", {"CLICOLOR": "0"}, [], False),
        ("but for a dumb one", {"TERM": "dumb"}, [], False),
        ("or as --color says", {}, ["--color", "never"], False),
        ("--color says it last", {"NO_COLOR": "1", "TERM": "dumb"}, ["--color", "always"], True),
    ):
        shown = on_terminal(codex, short, *arguments, **variables)
        expect(what, is_coloured(shown) == wanted and "unwrap-outside-tests" in shown, shown)
    plain = {"NO_COLOR": "1"}
    for width, most in ((200, 100), (80, 80), (60, 60)):
        shown = on_terminal(codex, short, width=width, **plain)
        # A link is never broken: it must stay one that can be clicked.
        lines = [line for line in shown.splitlines() if "://" not in line]
        widest = max(map(len, lines))
        expect(f"{width} columns", most - 25 < widest <= most, shown)
    expect("nothing is short of a column", "unwrap-outside-tests" in on_terminal(codex, short, width=1, **plain), "")
    # As much as takes this machine longer than a bar waits.
    total, bars, shown = 100, [], ""
    # Nothing is found, yet every file must be parsed: the word is there.
    quiet_code = CODE.replace("x.unwrap()", "/* .unwrap() */")
    while not bars and total < 10_000:
        total *= 2
        for number in range(total):
            (long / f"{number}.rs").write_text("".join(quiet_code.format(n=line) for line in range(500)))
        shown = on_terminal(codex, long)
        bars = re.findall(rf"\r([█·]{{24}}) (\d+) of {total} files", shown)
    done = [int(number) for _, number in bars]
    expect("a bar, from left to right", len(bars) > 0 and done == sorted(done), shown)
    expect("of as much as is done", all(bar.count("█") == 24 * int(number) // total for bar, number in bars), shown)
    last = shown.rindex("\r")
    expect("and gone before the report", shown[last:].startswith("\r\x1b[K") and "no findings" in shown[last:], shown)
    expect("a short run shows none", "█" not in on_terminal(codex, short), "")
    expect("nor does --quiet", on_terminal(codex, long, "--quiet") == "", "")


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
