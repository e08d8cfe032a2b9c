// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Clock } from '@vgpu/core';
import { setTimeout as delay } from 'node:timers/promises';

export const systemClock: Clock = {
  nowUsec: () => BigInt(Date.now()) * 1000n,
  elapsedUsec: () => process.hrtime.bigint() / 1000n,
  delay: (ms) => delay(ms),
};
