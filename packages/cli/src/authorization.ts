// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';

/** How long the agent may take to register; without it polkit refuses, which is the answer then. */
const registerTimeoutMs = 5_000;

/**
 * Lets polkit ask for a password in this terminal, as systemctl and virsh do: polkit's own pkttyagent runs beside us and
 * stands back where a graphical agent is there. Does nothing without a terminal or without pkttyagent.
 * @returns a function that ends the agent.
 */
export async function startTerminalAgent(): Promise<() => void> {
  if (!hasTerminal()) return () => undefined;
  // polkit drops a fallback agent where it finds no login session, so it is one only where there can be another.
  const fallback = existsSync('/run/systemd/sessions') ? ['--fallback'] : [];
  const agent = spawn('pkttyagent', ['--process', String(process.pid), '--notify-fd', '3', ...fallback], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, registerTimeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    // pkttyagent closes the descriptor when it is registered.
    agent.stdio[3]?.on('close', done);
    agent.stdio[3]?.on('error', done);
    agent.on('error', done);
    agent.on('exit', done);
    (agent.stdio[3] as NodeJS.ReadableStream | null)?.resume();
  });
  return () => agent.kill();
}

/** Whether there is a terminal that this process may ask in, wherever its input and output go. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}
