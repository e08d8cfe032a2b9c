# SPDX-License-Identifier: LGPL-2.1-or-later
# The sum of several test runs; sourced by .ci/run and tests/lab/suites.
# shellcheck shell=bash

passed=0 failed=0 skipped=0

# add_counts FILE: adds the last line "N passed, N failed, N skipped" of a run's output to $passed, $failed and $skipped,
# and leaves it in $counts, which is empty, and the status not 0, when there is none.
add_counts() {
  local -a number
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$1" | tail -n 1)
  [ -n "$counts" ] || return
  read -ra number <<<"${counts//[!0-9]/ }"
  passed=$((passed + number[0])) failed=$((failed + number[1])) skipped=$((skipped + number[2]))
}
