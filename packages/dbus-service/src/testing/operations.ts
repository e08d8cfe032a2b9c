// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseUuid } from '@vgpu/core';
import type { Service } from '../service.js';
import { call } from './calls.js';

const name = 'me.phyllo.Vgpu1.Operation';

/** Of a second vGPU. */
export const otherUuid = parseUuid('11111111-2222-4333-8444-555555555555');

/** The option that names an operation. */
export const id = (value: string) => ({ operation_id: { signature: 's', value } });

/** All operations that are shown, oldest first. */
export function operations(service: Service) {
  return [...service.objects()].flatMap(([path, object]) => {
    const operation = object[name];
    return operation === undefined ? [] : [{ path, ...operation }];
  });
}

export const states = (service: Service) => operations(service).map(({ State }) => State);

/** A call that cancels the operation at this path. */
export const cancel = (path: string, sender?: string) => call(name, path, 'Cancel', [{}], sender);

/** `id state` of an operation's steps. */
export const stepsOf = (service: Service, index: number) =>
  operations(service)[index]?.Steps.map((step) => `${String(step['id']?.value)} ${String(step['state']?.value)}`);
