// SPDX-License-Identifier: LGPL-2.1-or-later
import { startEmulatedHost, type EmulatedHost } from '@vgpu/tests/emulated-host';
import { activeVgpus, generateHost } from './generate-host.js';
import { sysCopy, Worker } from './worker.js';

/** libvirt 9.0 reads all definitions once for each parent. */
const discoveryTimeoutMs = 15 * 60_000;
const pollMs = 500;

/**
 * An emulated host with so many node devices, and the clients that are measured on it. Its /sys is a copy at first:
 * `allowChanges` brings the one back in which devices come and go.
 */
export interface BenchmarkHost extends AsyncDisposable {
  readonly devices: number;
  readonly machine: EmulatedHost;
  /** The binding and what is built on it. */
  readonly binding: Worker;
  /** python3-libvirt as a plain script, and virsh. */
  readonly libvirt: Worker;
  /** python3-libvirt with its event loop, as a program runs it that follows what happens. */
  readonly libvirtWithEvents: Worker;
  /** A D-Bus client of libvirt-dbus and of vgpud. */
  readonly bus: Worker;
  /** Many D-Bus clients of vgpud at once. */
  readonly load: Worker;
  /** libvirt's names of all node devices. */
  readonly names: readonly string[];
  readonly parent: string;
  readonly typeId: string;
  /** From libvirtd's start until it has found every device. */
  readonly discoveryMs: number;
  allowChanges(): Promise<void>;
}

export async function startBenchmarkHost(devices: number): Promise<BenchmarkHost> {
  const file = generateHost(devices);
  const machine = await startEmulatedHost(file, { services: [] });
  try {
    const [libvirt, libvirtWithEvents, bus, load, binding] = [
      Worker.python(machine, 'libvirt_client.py'),
      Worker.python(machine, 'libvirt_client.py'),
      Worker.python(machine, 'bus_client.py'),
      Worker.python(machine, 'load_client.py'),
      Worker.node(machine, 'libvirt-client.js'),
    ];
    const vgpus = activeVgpus(file).map(({ uuid, parent, type }) => [uuid, parent, type]);
    await libvirt.ask('createVgpus', { vgpus });
    await sysCopy(machine, 'lay');
    await machine.startService('bus');
    await machine.startService('polkit');
    const start = performance.now();
    await machine.startService('libvirtd');
    await libvirt.ask('open', { events: false });
    const names = await discovered(libvirt, devices);
    const discoveryMs = performance.now() - start;
    await libvirtWithEvents.ask('open', { events: true });
    await binding.ask('open');
    await bus.ask('open');
    const [first] = file.mdevs;
    if (first === undefined) throw new Error('the generated host has no vGPU');
    const { parent, type: typeId } = first;
    const end = () => machine.stop();
    const allowChanges = () => sysCopy(machine, 'lift');
    const clients = { binding, libvirt, libvirtWithEvents, bus, load, allowChanges, [Symbol.asyncDispose]: end };
    return { ...clients, devices, machine, names, parent, typeId, discoveryMs };
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

/** Definitions come later than devices. */
async function discovered(libvirt: Worker, devices: number): Promise<readonly string[]> {
  const deadline = performance.now() + discoveryTimeoutMs;
  for (;;) {
    const names = await libvirt.ask<string[]>('names');
    if (names.length === devices) return names;
    if (performance.now() > deadline) {
      throw new Error(
        `libvirt found ${names.length} of ${devices} node devices in ${discoveryTimeoutMs / 60_000} minutes`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
