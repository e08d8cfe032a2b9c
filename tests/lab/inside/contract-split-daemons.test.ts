// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll } from 'vitest';
import { describeHostContract } from '../../contract/host-contract.js';
import { becomeHost, startLibvirt } from './real-host.js';

// The other suites use libvirtd.
afterAll(() => startLibvirt('libvirtd'));

describeHostContract('a real kernel, mdevctl, virtqemud and virtnodedevd', (hostName) => becomeHost(hostName, 'split'));
