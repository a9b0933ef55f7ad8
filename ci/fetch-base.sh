#!/usr/bin/env bash
# Fetches what `codex check` needs of the history and a shallow checkout on GitHub lacks: nothing when it is there.
#
# The environment says what happened: BASE (what the user named), BEFORE, QUEUED_ONTO and DEFAULT_BRANCH (of the event),
# and GitHub's own variables. It never fails: codex says what is missing, with exit code 2.
set -uo pipefail
export GIT_TERMINAL_PROMPT=0

BASE=${BASE:-} BEFORE=${BEFORE:-} QUEUED_ONTO=${QUEUED_ONTO:-} DEFAULT_BRANCH=${DEFAULT_BRANCH:-}

has() { git cat-file -e "$1^{commit}" 2> /dev/null; }
meets() { has "$1" && git merge-base "$1" HEAD > /dev/null 2>&1; }

fetch() {
  echo "git fetch $*"
  git fetch --quiet --no-tags "$@" || echo "that failed; codex will say what is missing"
}

# All of the history: a merge base can be anywhere in it.
deepen() {
  if [ "$(git rev-parse --is-shallow-repository 2> /dev/null)" = true ]; then
    fetch --unshallow origin "$@"
  else
    fetch origin "$@"
  fi
}

branch() { meets "origin/$1" || deepen "+refs/heads/$1:refs/remotes/origin/$1"; }

# The parents of HEAD, also of one whose parents are not there.
parents() { git cat-file commit HEAD 2> /dev/null | sed -n '/^$/q; s/^parent //p'; }

if [ -n "$BASE" ]; then
  case $BASE in
    -*) ;; # no revision
    origin/*) branch "${BASE#origin/}" ;;
    *) meets "$BASE" || deepen "$BASE" ;;
  esac
  exit 0
fi

case ${GITHUB_EVENT_NAME:-} in
  pull_request)
    mapfile -t parent < <(parents)
    if [ "$(git rev-parse --verify --quiet HEAD)" = "${GITHUB_SHA:-}" ] && [ "${#parent[@]}" -gt 1 ]; then
      # The merge commit that GitHub made: its first parent is the base.
      has "${parent[0]}" || fetch --depth=2 origin "$GITHUB_SHA"
    else
      branch "$GITHUB_BASE_REF"
    fi
    ;;
  pull_request_target)
    branch "$GITHUB_BASE_REF"
    ;;
  merge_group)
    [ -z "$QUEUED_ONTO" ] || meets "$QUEUED_ONTO" || deepen "$QUEUED_ONTO"
    ;;
  *)
    # A push, with the commit before it (zeros for a new branch); a forced push may have taken that away.
    if [[ ! $BEFORE =~ [1-9a-f] ]] || ! meets "$BEFORE"; then
      [ -z "$DEFAULT_BRANCH" ] || deepen "+refs/heads/$DEFAULT_BRANCH:refs/remotes/origin/$DEFAULT_BRANCH"
    fi
    ;;
esac
exit 0
