// SPDX-License-Identifier: LGPL-2.1-or-later
import { startEmulatedContractHost } from './emulated-contract-host.js';
import { describeHostContract } from './host-contract.js';

describeHostContract('emulated host', (hostName) => startEmulatedContractHost(hostName, 'monolithic'));
