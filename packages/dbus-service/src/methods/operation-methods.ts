// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InterfaceMethods } from './entry.js';

export const operationMethods: InterfaceMethods<'me.phyllo.Vgpu1.Operation'> = {
  Cancel: {
    kind: 'operation',
    run(operation) {
      operation.cancel();
      return [];
    },
  },
};
