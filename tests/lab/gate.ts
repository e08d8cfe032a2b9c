// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Lab } from './lab.js';

const folder = '/run/vgpud-gate';
const mdevctl = '/usr/bin/mdevctl';
const hook = '/etc/libvirt/hooks/qemu';

/** Waits at the gate, if there is one. It opens once, for all. */
const wait = `[ ! -p ${folder}/fifo ] || { : >${folder}/waits; read -r _ <${folder}/fifo || :; }`;

/** Something of the machine that waits in the middle of what it does, as on a host that is slow. */
export class Gate {
  readonly #lab: Lab;
  readonly #before: string;

  private constructor(lab: Lab, before = '') {
    this.#lab = lab;
    this.#before = before;
  }

  /** mdevctl does nothing when it is called for this. */
  static async mdevctl(lab: Lab, command: 'start' | 'stop'): Promise<Gate> {
    await makeFifo(lab);
    await lab.run(`mv --no-clobber ${mdevctl} ${mdevctl}.behind`);
    await writeScript(
      lab,
      mdevctl,
      `[ "$1" != ${command} ] || ${wait}\n[ ! -e ${mdevctl}.behind ] || exec ${mdevctl}.behind "$@"\nexec ${mdevctl} "$@"`,
    );
    return new Gate(lab, `mv ${mdevctl}.behind ${mdevctl}`);
  }

  /** libvirt does not start a machine's QEMU; `addHook` comes first. */
  static async qemu(lab: Lab): Promise<Gate> {
    await makeFifo(lab);
    return new Gate(lab);
  }

  /** Until somebody stands before it. */
  async waits(): Promise<void> {
    await this.#lab.until(`test -e ${folder}/waits`);
  }

  /** Lets him go on, and everybody after him. */
  async open(): Promise<void> {
    await this.#lab.run(`set -e\n${this.#before}\ntimeout 60 sh -c ': >${folder}/fifo'\nrm -r ${folder}`);
  }
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

/** For a test that has failed before it opened its gate. */
export async function removeGate(lab: Lab): Promise<void> {
  await lab.run(`
    [ ! -e ${mdevctl}.behind ] || mv ${mdevctl}.behind ${mdevctl}
    [ ! -p ${folder}/fifo ] || timeout 5 sh -c ': >${folder}/fifo' || :
    rm -rf ${folder}`);
}

async function makeFifo(lab: Lab): Promise<void> {
  await lab.run(`rm -rf ${folder} && mkdir ${folder} && mkfifo ${folder}/fifo`);
}

async function writeScript(lab: Lab, path: string, body: string): Promise<void> {
  await lab.run(`cat >${path}.new && chmod 755 ${path}.new && mv ${path}.new ${path}`, `#!/bin/sh\n${body}\n`);
}
