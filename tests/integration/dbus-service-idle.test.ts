// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import dbus from 'dbus-next';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '@vgpu/core/testing';
import { busName, interfaces, managerPath, rootPath, type TypedValue } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually, run } from '../emulated-host/testing.js';
import { gpuPath as gpu, uuid, vgpuPath as vgpu } from './seed-page.js';

const idleMs = 200;
/** From the moment the last client leaves until the process is gone. */
const endTimeoutMs = 10_000;
/** For the whole life of a vgpud that nobody calls. */
const lifeTimeoutMs = 20_000;
const daemon = 'org.freedesktop.DBus';
const vgpud = [
  '/run/emulated-host/bin/node',
  '--disable-proto=delete',
  '/run/emulated-host/app/packages/dbus-service/dist/main.js',
  '--exit-when-idle',
  String(idleMs / 1000),
];
/** Started by the bus itself, as on a machine without systemd. */
const activation = `[D-BUS Service]
Name=${busName}
Exec=${vgpud.join(' ')}
User=vgpud
`;

let host: EmulatedHost;
/** Never calls vgpud, and so never keeps it. */
let observer: Client;

/** One connection to the bus. */
class Client implements Disposable {
  readonly #bus: dbus.MessageBus;

  private constructor(bus: dbus.MessageBus) {
    this.#bus = bus;
  }

  static async connect(): Promise<Client> {
    const bus = dbus.sessionBus({ busAddress: host.systemBusAddress });
    await new Promise((resolve) => bus.once('connect', resolve));
    return new Client(bus);
  }

  async call(path: string, name: string, member: string, signature = '', body: unknown[] = [], destination = busName) {
    const message = new dbus.Message({ destination, path, interface: name, member, signature, body });
    return (await this.#bus.call(message))?.body ?? [];
  }

  ask(member: string, ...names: string[]) {
    return this.call('/org/freedesktop/DBus', daemon, member, 's'.repeat(names.length), names, daemon);
  }

  ping() {
    return this.call(managerPath, 'org.freedesktop.DBus.Peer', 'Ping');
  }

  /** Calls and does not wait. */
  tell(path: string, name: string, member: string, signature: string, body: unknown[]) {
    const options = { destination: busName, path, interface: name, member, signature, body };
    this.#bus.send(new dbus.Message({ ...options, flags: dbus.MessageFlag.NO_REPLY_EXPECTED }));
  }

  on(member: string): Promise<dbus.Message> {
    return new Promise((resolve) =>
      this.#bus.on('message', (message) => void (message.member === member && resolve(message))),
    );
  }

  [Symbol.dispose](): void {
    this.#bus.disconnect();
  }
}

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['libvirtd'] });
  const file = `/usr/share/dbus-1/system-services/${busName}.service`;
  await run(host, 'tee', [file], { input: activation });
  observer = await Client.connect();
  await observer.ask('ReloadConfig');
});

afterAll(async () => {
  observer?.[Symbol.dispose]();
  await host?.stop();
});

const isOwned = async () => (await observer.ask('NameHasOwner', busName))[0] as boolean;
const owner = async () => String((await observer.ask('GetNameOwner', busName))[0]);
const pid = async () => Number((await observer.ask('GetConnectionUnixProcessID', busName))[0]);

/** No vgpud, neither on the bus nor as a process. */
async function ended(process: number): Promise<void> {
  await eventually(
    'the end of vgpud',
    async () => {
      expect(await isOwned()).toBe(false);
      expect(existsSync(`${host.root}/proc/${process}`)).toBe(false);
    },
    endTimeoutMs,
  );
}

/**
 * Long enough for one that nobody needs to have ended: another vgpud, on a bus of its own where nobody else is, has
 * begun, been idle for as long, and ended. It has libvirt's test host, because a held writer keeps libvirtd busy.
 */
async function anotherHasEnded(): Promise<void> {
  const script = 'VGPUD_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS VGPUD_LIBVIRT_URI=test:///default exec "$@"';
  const seconds = String(lifeTimeoutMs / 1000);
  const session = ['dbus-run-session', '--', 'sh', '-c', script, 'vgpud', ...vgpud];
  await run(host, 'timeout', ['--verbose', seconds, ...session]);
}

describe('vgpud, started by the bus when it is called', () => {
  it('ends when its caller has left, and starts at the next call', async () => {
    const processes: number[] = [];
    for (let life = 0; life < 2; life += 1) {
      const caller = await Client.connect();
      expect(await caller.ping()).toEqual([]);
      processes.push(await pid());
      caller[Symbol.dispose]();
      await ended(processes.at(-1) ?? 0);
    }
    expect(new Set(processes).size).toBe(2);
    expect(host.log('bus')).not.toContain('Activated service');
  });

  it('stays for one who listens and has listed once', async () => {
    using listener = await Client.connect();
    const added = listener.on('InterfacesAdded');
    await listener.ask('AddMatch', `type='signal',path='${rootPath}'`);
    await listener.call(rootPath, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects');
    const process = await pid();
    // Others come and go; each departure lets the time begin anew.
    for (let visit = 0; visit < 3; visit += 1) {
      using visitor = await Client.connect();
      await visitor.ping();
    }
    await anotherHasEnded();
    expect(await pid()).toBe(process);
    const definition = JSON.stringify({ mdev_type: 'i915-GVTg_V5_4', start: 'manual', attrs: [] });
    const define = ['define', '-u', uuid, '-p', '0000:00:02.0', '--jsonfile', '/dev/stdin'];
    await run(host, 'mdevctl', define, { input: definition });
    expect(String((await added).body[0])).toBe(vgpu);
    await run(host, 'mdevctl', ['undefine', '-u', uuid, '-p', '0000:00:02.0']);
    listener[Symbol.dispose]();
    await ended(process);
  });

  it('loses no call, whenever it comes', { timeout: 300_000 }, async () => {
    const seed = Number(process.env['FUZZ_SEED'] || Math.floor(Math.random() * 1e9));
    const random = new SeededRandom(seed);
    const owners = new Set<string>();
    let answered = 0;
    let asked = 0;
    // As many rounds as it takes to see it end in between, however slow the machine is.
    for (let round = 0; round < 25 || owners.size <= 10; round += 1) {
      const callers = await Promise.all(Array.from({ length: 8 }, () => Client.connect()));
      asked += callers.length;
      const calls = callers.map(async (caller) => {
        // Around the moment at which it ends, which a busy machine may put off.
        await delay(idleMs - 10 + random.below(round % 2 === 0 ? 25 : 100));
        await caller.ping();
        answered += 1;
        owners.add(await owner().catch(() => 'gone'));
        caller[Symbol.dispose]();
      });
      const results = await Promise.allSettled(calls);
      const lost = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
      expect(lost, `FUZZ_SEED=${seed}, round ${round}`).toEqual([]);
    }
    expect(answered).toBe(asked);
  });

  it('stays for a change whose caller has left, and as long as its operation is shown', async () => {
    await host.control({ command: 'hold' });
    const caller = await Client.connect();
    await caller.ping();
    const process = await pid();
    caller.tell(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_4', { uuid: new dbus.Variant('s', uuid) }]);
    await eventually('the change', async () => expect((await host.kernelState()).heldWriters).toBe(1));
    caller[Symbol.dispose]();
    await anotherHasEnded();
    expect(await pid()).toBe(process);
    await host.control({ command: 'release' });
    await eventually('the vGPU', async () =>
      expect(await run(host, 'mdevctl', ['list', '-d'])).toContain(
        `${uuid} 0000:00:02.0 i915-GVTg_V5_4 manual (active)`,
      ),
    );
    await anotherHasEnded();
    expect(await pid()).toBe(process);
    using late = await Client.connect();
    await eventually('the end of the operation', async () => {
      const [objects] = await late.call(rootPath, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects');
      const all = Object.values(objects as Record<string, Record<string, Record<string, TypedValue>>>);
      const states = all.flatMap((object) => object[interfaces.operation]?.['State']?.value ?? []);
      expect(states).toEqual(['done']);
    });
  });
});
