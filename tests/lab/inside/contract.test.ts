// SPDX-License-Identifier: LGPL-2.1-or-later
import { describeHostContract } from '../../contract/host-contract.js';
import { becomeHost } from './real-host.js';

describeHostContract('a real kernel, mdevctl and libvirtd', (hostName) => becomeHost(hostName, 'libvirtd'));
