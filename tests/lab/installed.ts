// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Lab } from './lab.js';

const checkout = join(import.meta.dirname, '../..');

/** Where the unpacked archive is in the lab. */
export const unpacked = '/root/vgpud';

/** Makes the archive and unpacks it in the lab; what it holds is not installed yet. */
export async function bringArchive(lab: Lab): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vgpud-lab-'));
  try {
    const { stdout } = await promisify(execFile)('node', [join(checkout, 'scripts/package.mjs'), folder]);
    await lab.run(`rm -rf ${unpacked} ${unpacked}.new`);
    await lab.unpack(stdout.trim(), `${unpacked}.new`);
    await lab.run(`mv ${unpacked}.new/* ${unpacked} && rmdir ${unpacked}.new`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where the lab changes the installed unit; not part of an installation. */
export const unitChanges = '/etc/systemd/system/vgpud.service.d';

/**
 * Installs vgpud in the lab from its archive, and starts it for good: a call that has to start it would wait for it
 * longer than clients do.
 */
export async function install(lab: Lab): Promise<void> {
  await bringArchive(lab);
  await lab.run(`
    set -e
    ${unpacked}/install.sh
    mkdir -p ${unitChanges}
    command=$(systemctl cat vgpud | sed -n 's/^\\(ExecStart=.*\\) --exit-when-idle .*/\\1/p' | head -n 1)
    printf '[Service]\\nExecStart=\\n%s\\n' "$command" >${unitChanges}/stays.conf
    systemctl daemon-reload
    systemctl start vgpud`);
  await lab.until('vgpuctl status');
}
