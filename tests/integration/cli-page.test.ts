// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { journey } from './journey.js';
import { readPageGroups, startCliHost, type CliHost } from './cli-host.js';
import { parent, typeId, uuid } from './seed-page.js';

const running = '00000000-0000-4000-8000-00000000000a';
const foreign = '00000000-0000-4000-8000-00000000000b';

const listings = [['types'], ['list'], ['list', '--defined']];

/** Further forms of the same, compared where the state is richest. */
const moreListings = [
  ['types', '--dumpjson'],
  ['types', '-p', parent],
  ['types', '-p', 'nope'],
  ['types', '--parent', 'nope', '--dumpjson'],
  ['types', '-p', '../../x'],
  ['list', '-v'],
  ['list', '--dumpjson'],
  ['list', '-u', uuid],
  ['list', '-u', uuid.toUpperCase(), '--dumpjson'],
  ['list', '-u', uuid.replaceAll('-', '')],
  ['list', '-u', '00000000-0000-4000-8000-000000000000'],
  ['list', '-u', '00000000-0000-4000-8000-000000000000', '--dumpjson'],
  ['list', '-u', 'nonsense'],
  ['list', '-p', parent],
  ['list', '-p', 'nope', '--dumpjson'],
  ['list', '-d', '-v'],
  ['list', '-d', '--dumpjson'],
  ['list', '-d', '--uuid', uuid, '--dumpjson'],
  ['list', '-d', '-p', parent, '-u', uuid],
  ['list', 'extra'],
];

/** Output and exit status of both programs, byte for byte. */
async function expectSameListings(host: CliHost, commands: readonly string[][]): Promise<void> {
  for (const args of commands) {
    const [ours, theirs] = await Promise.all([host.vgpuctl(args), host.mdevctl(args)]);
    const words = args.join(' ');
    expect({ words, stdout: ours.stdout, status: ours.status }).toStrictEqual({
      words,
      stdout: theirs.stdout,
      status: theirs.status,
    });
  }
}

describe('the page', { timeout: 240_000 }, () => {
  it('can be followed from its first command to its last', async () => {
    await using host = await startCliHost();
    await journey({
      'groups: prints what the page prints, and what the loop on the page prints here': async () => {
        const groups = await host.succeed('groups');
        expect(groups).toBe(readPageGroups());
        const loop = `
          shopt -s nullglob
          for g in $(find /sys/kernel/iommu_groups/* -maxdepth 0 -type d | sort -V); do
            echo "IOMMU Group \${g##*/}:"
            for d in $g/devices/*; do
              echo -e "\\t$(lspci -nns \${d##*/})"
            done
          done`;
        expect(groups).toBe(await host.output('bash', '-c', loop));
      },

      'types, list, list --defined: equal mdevctl on the untouched host': async () => {
        await expectSameListings(host, listings);
        const types = await host.succeed('types');
        expect(types).toContain(`  ${typeId}\n    Available instances: 5\n    Device API: vfio-pci\n`);
      },

      'start: a new vGPU with the UUID of the page, silently': async () => {
        expect(await host.succeed('start', '--uuid', uuid, '-p', parent, '--type', typeId)).toBe('');
        await expectSameListings(host, listings);
        expect(await host.succeed('list')).toContain(`${uuid} ${parent} ${typeId} manual\n`);
      },

      'define: it is stored': async () => {
        expect(await host.succeed('define', '--uuid', uuid)).toBe('');
        await expectSameListings(host, listings);
      },

      'modify --auto: list --defined shows the line of the page': async () => {
        expect(await host.succeed('modify', '--uuid', uuid, '--auto')).toBe('');
        await expectSameListings(host, [...listings, ...moreListings]);
        expect(await host.succeed('list', '--defined')).toContain(`${uuid} ${parent} ${typeId} auto (active)\n`);
      },

      'groups: the vGPU has a group of its own': async () => {
        expect(await host.succeed('groups')).toBe(
          `${readPageGroups()}IOMMU Group 17:\n\t${uuid} Mediated device ${typeId} on 00:02.0\n`,
        );
        const groups: unknown = JSON.parse(await host.succeed('groups', '--json'));
        expect(groups).toHaveLength(18);
        expect(groups).toContainEqual({ group: 17, devices: [], vgpus: [{ uuid, parent, type: typeId }] });
      },

      'assign --dry-run: shows the steps and the diff, and changes nothing': async () => {
        const before = await host.state();
        const shown = await host.succeed('assign', uuid, 'phyllome', '--dry-run');
        expect(await host.state()).toBe(before);
        expect(shown).toMatch(/^1\. assign /);
        const added = shown.split('\n').filter((line) => line.startsWith('+ '));
        expect(added.map((line) => line.slice(1).trim())).toEqual(
          expect.arrayContaining([
            "<model type='none'/>",
            "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='off' ramfb='off'>",
            `<address uuid='${uuid}'/>`,
          ]),
        );
      },

      'assign: shows the same and makes the definition of the page': async () => {
        const shown = await host.succeed('assign', uuid, 'phyllome', '--dry-run');
        expect(await host.succeed('assign', uuid, 'phyllome')).toBe(`${shown}${uuid} is assigned to phyllome\n`);
        const xml = await host.output('virsh', 'dumpxml', '--inactive', 'phyllome');
        expect(xml.match(/<video>[^]*?<\/video>/g)).toStrictEqual([expect.stringContaining("<model type='none'/>")]);
        expect(xml).toContain(
          "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='off' ramfb='off'>",
        );
        expect(xml).toContain(`<address uuid='${uuid}'/>`);
        expect(await host.succeed('domains')).toBe(
          `NAME      STATE     VGPUS\nphyllome  shut-off  ${uuid} ${parent} ${typeId}\nserver    shut-off  -\n`,
        );
      },

      'unassign: the definition is again what it was, apart from the address that libvirt gave the video device':
        async () => {
          await host.succeed('unassign', uuid, 'phyllome');
          const xml = await host.output('virsh', 'dumpxml', '--inactive', 'phyllome');
          expect(xml).not.toContain('<hostdev');
          expect(xml).not.toContain('<metadata>');
          expect(xml).toContain("<model type='virtio' heads='1' primary='yes'/>");
        },

      'stop and undefine: the host is as it was': async () => {
        await host.succeed('stop', '--uuid', uuid);
        await expectSameListings(host, listings);
        await host.succeed('undefine', '--uuid', uuid);
        await expectSameListings(host, listings);
        expect(await host.succeed('groups')).toBe(readPageGroups());
        expect(JSON.parse(await host.succeed('list', '-d', '--dumpjson'))).toStrictEqual([]);
      },
    });
  });
});

// One host for all: each test has a UUID of its own and looks at nothing else.
describe('other ways through the life of a vGPU', { timeout: 120_000 }, () => {
  let host: CliHost;
  beforeAll(async () => {
    host = await startCliHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('start without a UUID prints the new one, and stop forgets it', async () => {
    const printed = await host.succeed('start', '-p', '00:02.0', '-t', typeId);
    expect(printed).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/);
    const created = printed.trim();
    expect(await host.succeed('list')).toBe((await host.mdevctl(['list'])).stdout);
    expect(await host.succeed('list', '-u', created)).toContain(`${created} ${parent} ${typeId} manual\n`);
    await host.succeed('stop', '-u', created);
    expect(await host.succeed('list')).toBe((await host.mdevctl(['list'])).stdout);
    expect(await host.succeed('list')).not.toContain(created);
  });

  it('define --auto of a running one, manual again, undefine while it runs', async () => {
    await host.succeed('start', '-u', running, '-p', parent, '-t', typeId);
    await host.succeed('define', '-u', running, '--auto');
    expect(await host.succeed('list', '-d')).toContain(`${running} ${parent} ${typeId} auto (active)\n`);
    await host.succeed('modify', '-u', `${running}@${parent}`, '--manual');
    expect(await host.succeed('list', '-d')).toBe((await host.mdevctl(['list', '-d'])).stdout);
    await host.succeed('undefine', '-u', running, '-p', parent);
    expect(await host.succeed('list')).toContain(`${running} ${parent} ${typeId} manual\n`);
    await host.succeed('stop', '-u', running);
  });

  it('define a new one, start it by its UUID alone, or with what is stored', async () => {
    const created = (await host.succeed('define', '-p', parent, '-t', typeId, '--auto')).trim();
    expect(await host.succeed('list', '-d')).toContain(`${created} ${parent} ${typeId} auto\n`);
    await host.succeed('start', '-u', created);
    await host.succeed('stop', '-u', created);
    await host.succeed('start', '-u', created, '-p', parent, '-t', typeId);
    expect(await host.succeed('list')).toContain(`${created} ${parent} ${typeId} auto (defined)\n`);
    expect(await host.succeed('list')).toBe((await host.mdevctl(['list'])).stdout);
    await host.succeed('stop', '-u', created);
    await host.succeed('undefine', '-u', created);
  });

  it('shows what mdevctl itself has made', async () => {
    await host.output('mdevctl', 'define', '-u', foreign, '-p', parent, '-t', typeId, '-a');
    await host.followed();
    for (const args of [['list', '-d', '-v'], ['list', '-d', '--dumpjson'], ['types']]) {
      expect(await host.succeed(...args)).toBe((await host.mdevctl(args)).stdout);
    }
    await host.succeed('undefine', '-u', foreign);
  });

  it('status names the versions', async () => {
    const version = (await host.output('mdevctl', '--version')).trim().split(' ').at(-1);
    expect(await host.succeed('status')).toMatch(
      new RegExp(`^vgpud     \\d.*\nlibvirt   \\d.*, connected to qemu:///system\nmdevctl   ${version}\n$`),
    );
  });

  it('starts a virtual machine and ends it', async () => {
    await host.succeed('domain', 'start', 'server');
    expect(await host.succeed('domains')).toContain('server    running   -\n');
    await host.succeed('domain', 'force-off', 'server');
    expect(await host.succeed('domains')).toContain('server    shut-off  -\n');
  });
});

describe('other machines', { timeout: 120_000 }, () => {
  it('lists names, two GPUs and ids out of natural order as mdevctl does', async () => {
    await using host = await startCliHost('nvidia-time-sliced');
    const parents = host.machine.file.parents.map((each) => each.name);
    expect(parents.length).toBeGreaterThan(1);
    for (const args of [['types'], ['types', '--dumpjson'], ...parents.map((name) => ['types', '-p', name])]) {
      const [ours, theirs] = await Promise.all([host.vgpuctl(args), host.mdevctl(args)]);
      expect({ args, ...ours }).toStrictEqual({ args, ...theirs });
    }
    expect(await host.succeed('types')).toContain('    Name: ');
  });

  it('prints no groups where there is no IOMMU', async () => {
    await using host = await startCliHost('no-iommu');
    expect(await host.succeed('groups')).toBe('');
    expect(await host.succeed('groups', '--json')).toBe('[]\n');
  });
});
