#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs inside scripts/test-bare's root file system, as process 1: each argument is a command for the shell.
set -uo pipefail

mounts_of() { cut -d' ' -f4,5 /proc/self/mountinfo | sort; }
# Prints every process but this shell; with builtins only, so that it starts none itself.
others() {
  local process command
  for process in /proc/[0-9]*; do
    [ "$process" != /proc/$$ ] || continue
    { read -r -d '' command <"$process/cmdline"; } 2>/dev/null
    [ -z "$command" ] || echo "${process#/proc/} $command"
  done
}
# True as soon as this shell is alone; ended processes need a moment to be gone.
wait_until_alone() {
  local deadline=$((SECONDS + 3))
  while others >/tmp/others && [ -s /tmp/others ]; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

mounts=$(mounts_of)
status=0
for command in "$@"; do
  printf '\n$ %s\n' "$command"
  started=$SECONDS
  bash -c "$command" || {
    echo "bare: '$command' failed with exit status $?" >&2
    status=1
  }
  echo "bare: '$command' took $((SECONDS - started)) s"
  if [ "$(mounts_of)" != "$mounts" ]; then
    echo "bare: '$command' left mounts behind:" >&2
    diff <(echo "$mounts") <(mounts_of) >&2
    status=1
  fi
  wait_until_alone || {
    echo "bare: '$command' left processes behind:" >&2
    cat /tmp/others >&2
    status=1
  }
  if [ -e /usr/sbin/policy-rc.d ]; then
    echo "bare: '$command' left /usr/sbin/policy-rc.d behind" >&2
    status=1
  fi
done

# A second set-up has nothing to do, and says nothing.
again=$(scripts/setup 2>&1) || status=1
if [ -n "$again" ]; then
  printf 'bare: a second set-up still worked:\n%s\n' "$again" >&2
  status=1
fi
exit $status
