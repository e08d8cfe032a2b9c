// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls a method of a node device in the machine through the project's own bindings. Says libvirt's error and ends with 1.
//
//   node pci-device.mjs detachFlags|reAttach|reset NODE_DEVICE
import { open } from '@vgpu/libvirt';

const [method, name] = process.argv.slice(2);
const connection = await open('qemu:///system');
try {
  const device = await connection.lookupNodeDeviceByName(name);
  await device[method]();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await connection.close();
}
