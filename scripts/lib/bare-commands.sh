#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs inside scripts/test-bare's root file system, as process 1: each argument is a command for the shell.
set -uo pipefail

mounts_of() { cut -d' ' -f4,5 /proc/self/mountinfo | sort; }
# Every process but this shell and its own helpers of the moment.
others() {
  local process
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    [ "$process" -ne $$ ] && [ "$(awk '{ print $4 }' "/proc/$process/stat" 2>/dev/null)" != $$ ] &&
      tr '\0' ' ' <"/proc/$process/cmdline" 2>/dev/null && echo
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
  left=$(others | grep -v '^$')
  if [ -n "$left" ]; then
    printf "bare: '%s' left processes behind:\n%s\n" "$command" "$left" >&2
    status=1
  fi
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
