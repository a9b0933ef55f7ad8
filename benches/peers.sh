#!/usr/bin/env bash
# codex beside ast-grep on the same code with the same rules: equal findings first, then time and memory as ratios.
#
#   benches/peers.sh CODEX CORPUS
#
# CODEX   a release build of codex
# CORPUS  a folder with `rust/` and `lua/`: real code, without ignore files (docs/performance.md says which we take)
# RUNS    counted runs of each program, in turn, after one warm-up of each     default 3
# ONLY    a part of the rows' names, like `rust 500`                            default all
#
# Needs python3 (with venv, for `pip install ast-grep-cli`). Nothing is written outside of CORPUS/.peers.
set -euo pipefail
codex=$(readlink -f "$1")
corpus=$(readlink -f "$2")
work=$corpus/.peers
mkdir -p "$work"
if ! "$work/ast-grep/bin/ast-grep" --version 2>/dev/null | grep -q 0.51.1; then
  python3 -m venv "$work/ast-grep"
  "$work/ast-grep/bin/pip" -q --disable-pip-version-check install ast-grep-cli==0.51.1
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec python3 "$here/peers.py" "$codex" "$work/ast-grep/bin/ast-grep" "$corpus" "$work" "$here/peers"
