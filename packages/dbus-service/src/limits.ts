// SPDX-License-Identifier: LGPL-2.1-or-later

/** How long an end waits for a running change, in milliseconds; the unit's TimeoutStopSec is a little longer. */
export const stopTimeoutMs = 85_000;
/**
 * After this part of it the change begins no new step but undoes what it did: a step waits up to 20 s for its effect, and
 * its inverse as long.
 */
export const stopGraceMs = 40_000;
