// SPDX-License-Identifier: LGPL-2.1-or-later
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

interface Message {
  readonly QMP?: object;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

const answerTimeoutMs = 60_000;

/** One command of QEMU's machine protocol, over a connection of its own; events are skipped. Throws what QEMU says. */
export async function callQmp(
  path: string,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const socket = connect(path);
  // Whoever reads its lines learns only that they have ended.
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.setTimeout(answerTimeoutMs, () => socket.destroy());
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const answer = async (): Promise<unknown> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`QEMU did not answer ${command}`, { cause: failure });
      const message = JSON.parse(value) as Message;
      if (message.error !== undefined) throw new Error(`${command}: ${message.error.desc}`);
      return message.QMP ?? message.return ?? (await answer());
    };
    const send = (text: string, options: object) => socket.write(JSON.stringify({ execute: text, ...options }));
    await answer();
    send('qmp_capabilities', {});
    await answer();
    send(command, { arguments: args });
    return await answer();
  } finally {
    socket.destroy();
  }
}
