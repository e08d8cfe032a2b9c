// SPDX-License-Identifier: LGPL-2.1-or-later
// A gate: something of the machine waits at it in the middle of what it does, as on a host that is slow.
import type { Lab } from './lab.js';

const folder = '/run/vgpud-gate';
const mdevctl = '/usr/bin/mdevctl';
const hook = '/etc/libvirt/hooks/qemu';

/** Waits at the gate, if there is one. It opens once, for all. */
const wait = `[ ! -p ${folder}/fifo ] || { : >${folder}/waits; read -r _ <${folder}/fifo || :; }`;

/** From now on mdevctl waits before it does anything, when it is called for this. */
export async function holdMdevctl(lab: Lab, command: 'start' | 'stop'): Promise<void> {
  await closeGate(lab);
  await lab.run(`mv --no-clobber ${mdevctl} ${mdevctl}.behind`);
  await writeScript(
    lab,
    mdevctl,
    `[ "$1" != ${command} ] || ${wait}\n[ ! -e ${mdevctl}.behind ] || exec ${mdevctl}.behind "$@"\nexec ${mdevctl} "$@"`,
  );
}

/** From now on libvirt waits before it starts a machine's QEMU; `addHook` comes first. */
export async function holdQemu(lab: Lab): Promise<void> {
  await closeGate(lab);
}

/** Until somebody stands before the gate. */
export async function untilHeld(lab: Lab): Promise<void> {
  await lab.until(`test -e ${folder}/waits`);
}

/** Lets him go on, and everybody after him; does nothing when there is no gate. */
export async function openGate(lab: Lab): Promise<void> {
  // Who has come meanwhile finds a writer, and reads the end when this shell is over; who comes later finds no gate.
  await lab.run(`
    [ ! -e ${mdevctl}.behind ] || mv ${mdevctl}.behind ${mdevctl}
    [ ! -p ${folder}/fifo ] || exec 3<>${folder}/fifo
    rm -rf ${folder}`);
}

/** libvirt looks for hooks only when it starts. */
export async function addHook(lab: Lab): Promise<void> {
  await lab.run(`mkdir -p $(dirname ${hook})`);
  await writeScript(lab, hook, `[ "$2" != prepare ] || ${wait}`);
  await lab.run('systemctl restart libvirtd');
}

export async function removeHook(lab: Lab): Promise<void> {
  await lab.run(`rm -f ${hook}`);
}

async function closeGate(lab: Lab): Promise<void> {
  await lab.run(`rm -rf ${folder} && mkdir ${folder} && mkfifo ${folder}/fifo`);
}

async function writeScript(lab: Lab, path: string, body: string): Promise<void> {
  await lab.run(`cat >${path}.new && chmod 755 ${path}.new && mv ${path}.new ${path}`, `#!/bin/sh\n${body}\n`);
}
