// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Inventory } from '../model/inventory.js';
import type { Plan } from './plan.js';

/** The error a planner refuses with, undefined when it does not refuse; fails when the inventory was changed. */
export function planRefusal(inventory: Inventory, planner: () => Plan): DeviceError | undefined {
  const before = JSON.stringify(Object.values(inventory).map((map: ReadonlyMap<unknown, unknown>) => [...map]));
  try {
    planner();
    return undefined;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const after = JSON.stringify(Object.values(inventory).map((map: ReadonlyMap<unknown, unknown>) => [...map]));
    if (after !== before) throw new Error('a refused plan changed the inventory', { cause: error });
    return error;
  }
}
