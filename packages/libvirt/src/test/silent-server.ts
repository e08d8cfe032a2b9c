// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What looks like a daemon and never says a word: whoever opens a connection to it has a call in flight. */
export class SilentServer implements AsyncDisposable {
  readonly uri: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string, server: Server, hangUpAfterMs: number | undefined) {
    this.#folder = folder;
    this.#server = server;
    this.uri = `test+unix:///default?socket=${join(folder, 'socket')}`;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      // Or the end of the other side would not be seen.
      socket.resume();
      if (hangUpAfterMs !== undefined) setTimeout(() => socket.destroy(), hangUpAfterMs);
    });
  }

  /** Without a time it hangs up only when told. */
  static async start(hangUpAfterMs?: number): Promise<SilentServer> {
    const folder = mkdtempSync(join(tmpdir(), 'libvirt-silent-'));
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(join(folder, 'socket'), resolve));
    return new SilentServer(folder, server, hangUpAfterMs);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Ends every connection, so that the calls on it fail. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
