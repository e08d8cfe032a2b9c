// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs inside an emulated host: the binding and what is built on it. One JSON object a line in, one a line out.
import { createInterface } from 'node:readline';
import { readInventory, type HostPorts } from '@vgpu/core';
import { open, type Connection, type NodeDevice } from '@vgpu/libvirt';
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';

const uri = 'qemu:///system';
const connectionsAtMost = 4;

const connections: Connection[] = [];
let devices: NodeDevice[] = [];

interface Request {
  readonly op: string;
  readonly names?: readonly string[];
  readonly connections?: number;
}

const operations: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  async open() {
    for (let index = 0; index < connectionsAtMost; index++) connections.push(await open(uri));
  },

  async prepare({ names = [] }) {
    for (const device of devices) device.dispose();
    devices = [];
    for (const name of names) devices.push(await first().lookupNodeDeviceByName(name));
  },

  async lookUpAndAskActive({ names = [] }) {
    return await elapsed(async () => {
      for (const name of names) {
        const device = await first().lookupNodeDeviceByName(name);
        await device.isActive();
        device.dispose();
      }
    });
  },

  async readXml() {
    return await elapsed(async () => {
      for (const device of devices) await device.getXmlDesc();
    });
  },

  async readAllXml({ connections: count = 1 }) {
    let documents: readonly string[] = [];
    const ns = await elapsed(async () => {
      const shares = connections.slice(0, count).map((connection, index) => readShare(connection, index, count));
      documents = (await Promise.all(shares)).flat();
    });
    return { ns, documents: documents.length };
  },

  async readAllRecords() {
    let documents = 0;
    const ns = await elapsed(async () => {
      documents = (await first().listNodeDevicesWithXml()).length;
    });
    return { ns, documents };
  },

  async listNodeDevices() {
    return await onFreshHost(async (host) => {
      const { pciDevices, mdevs } = await host.nodeDevices.list();
      return pciDevices.length + mdevs.length;
    });
  },

  async readInventory() {
    return await onFreshHost(async (host) => (await readInventory(host)).pciDevices.size);
  },
};

/** One connection's part of all documents. Each lists all devices: that is one call. */
async function readShare(connection: Connection, index: number, count: number): Promise<string[]> {
  const listed = await connection.listAllNodeDevices();
  const documents = await Promise.all(listed.filter((_, at) => at % count === index).map((each) => each.getXmlDesc()));
  for (const device of listed) device.dispose();
  return documents;
}

/** The first time, when nothing is remembered, and the time after that. */
async function onFreshHost(read: (host: HostPorts) => Promise<number>) {
  const host = await openLibvirtHost({ uri, facts: new SysfsHostFacts() });
  try {
    let documents = 0;
    const once = async (): Promise<void> => {
      documents = await read(host);
    };
    const ns = await elapsed(once);
    return { ns, repeatedNs: await elapsed(once), documents };
  } finally {
    await host.close();
  }
}

function first(): Connection {
  const [connection] = connections;
  if (connection === undefined) throw new Error('not open');
  return connection;
}

async function elapsed(work: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  let answer: unknown;
  try {
    const operation = operations[request.op];
    if (operation === undefined) throw new Error(`no such operation: ${request.op}`);
    answer = { ok: true, value: (await operation(request)) ?? null };
  } catch (error) {
    answer = { ok: false, error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
for (const connection of connections) await connection.close();
