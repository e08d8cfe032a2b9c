// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, vi } from 'vitest';
import { patienceMs, type Lab } from './lab.js';

const busName = 'me.phyllo.Vgpu1';
const root = '/me/phyllo/Vgpu1';
type Properties = Readonly<Record<string, { readonly data: unknown }>>;

export const managerPath = `${root}/manager`;
export const pciPath = (address: string) => `${root}/pci/${address.replaceAll(/[:.]/g, '_')}`;
export const gpuPath = (address: string) => `${root}/gpu/${address.replaceAll(/[:.]/g, '_')}`;
export const vgpuPath = (uuid: string, parent: string) =>
  `${root}/vgpu/${`${uuid}_${parent}`.replaceAll(/[-:.]/g, '_')}`;

/** Where a domain is; it has to be known to libvirt. */
export async function domainPath(lab: Lab, name: string): Promise<string> {
  return `${root}/domain/${(await lab.run(`virsh domuuid ${name}`)).trim().replaceAll('-', '_')}`;
}

/** The interfaces of each object, without the bus name before theirs. One call of a program in C: node is slow there. */
async function objects(lab: Lab): Promise<ReadonlyMap<string, Readonly<Record<string, Properties>>>> {
  const text = await lab.run(
    `busctl --timeout=240 --json=short call ${busName} ${root} org.freedesktop.DBus.ObjectManager GetManagedObjects`,
  );
  const { data } = JSON.parse(text) as { data: [Record<string, Record<string, Properties>>] };
  return new Map(
    Object.entries(data[0]).map(([path, interfaces]) => [
      path,
      Object.fromEntries(Object.entries(interfaces).map(([name, value]) => [name.slice(busName.length + 1), value])),
    ]),
  );
}

/** Some properties of an object; undefined when it is not there. */
export async function show(
  lab: Lab,
  path: string,
  interfaceName: string,
  names: readonly string[],
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const properties = (await objects(lab)).get(path)?.[interfaceName];
  return properties && Object.fromEntries(names.map((name) => [name, properties[name]?.data]));
}

/** How each vGPU is, by its UUID: `active persistent auto server`, its state, what is stored, and the machine that has it. */
export async function vgpuStates(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const all = await objects(lab);
  const vgpus = [...all.values()].flatMap(({ Vgpu: vgpu }) => (vgpu === undefined ? [] : [vgpu]));
  return Object.fromEntries(
    vgpus.map(({ Uuid, State, Persistent, Autostart, InUseBy }) => {
      const user = all.get(String(InUseBy?.data))?.['Domain']?.['Name']?.data;
      const words = [State?.data, Persistent?.data && 'persistent', Autostart?.data && 'auto', user];
      return [String(Uuid?.data), words.filter(Boolean).join(' ')];
    }),
  );
}

/** Waits until vgpud shows these vGPUs in these states, and no others. */
export async function untilVgpus(lab: Lab, states: Readonly<Record<string, string>>): Promise<void> {
  await eventually(async () => expect(await vgpuStates(lab)).toEqual(states));
}

/** Waits until vgpud has libvirt and shows what is, or has lost it and shows what it knew. */
export async function untilConnected(lab: Lab, connected: boolean): Promise<void> {
  await eventually(async () => {
    const shown = await show(lab, managerPath, 'Manager', ['Connected', 'Stale']);
    expect(shown).toEqual({ Connected: connected, Stale: !connected });
  });
}

/** Repeats what is expected until it holds. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: patienceMs, interval: 500 });
}

/**
 * Calls a method of vgpud's, without options.
 * @param method `Vgpu.Start`
 * @param args as gdbus reads them, each quoted for the shell
 * @returns how it failed, `InvalidState: …`; undefined when it did not
 */
export async function call(lab: Lab, path: string, method: string, ...args: string[]): Promise<string | undefined> {
  return await callWith(lab, path, method, [...args, "'{}'"]);
}

/** The same with all arguments, the options too. */
export async function callWith(
  lab: Lab,
  path: string,
  method: string,
  args: readonly string[],
): Promise<string | undefined> {
  const { status, stderr } = await lab.try(
    `gdbus call --system --timeout 280 --dest ${busName} --object-path ${path} --method ${busName}.${method} ${args.join(' ')}`,
  );
  if (status === 0) return undefined;
  return (/GDBus\.Error:me\.phyllo\.Vgpu1\.Error\.(.*)/.exec(stderr)?.[1] ?? stderr).trim();
}
