// SPDX-License-Identifier: LGPL-2.1-or-later
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** libvirt's RPC: big-endian words of length, program, version, procedure, type, serial, status; then the body. */
const remoteProgram = 0x2000_8086;
const headerBytes = 28;

/** Numbers of libvirt's remote protocol. */
export const procedures = {
  readDomain: 14,
  lookUpNodeDevice: 113,
  readNodeDevice: 114,
  listNodeDevices: 285,
  isNodeDeviceActive: 436,
} as const;

type CallListener = (procedure: number, body: Buffer) => void;

/** Stands before a daemon's socket, counts the calls that go through, and may change them. */
export class CountingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counts = new Map<number, number>();
  readonly #socket: string;
  /** Sees every call before it goes on; may change the body's bytes. */
  onCall: CallListener = () => {};

  private constructor(server: Server, socket: string) {
    this.#server = server;
    this.#socket = socket;
  }

  /** @param folder the daemon's */
  static async start(folder: string): Promise<CountingProxy> {
    const server = createServer();
    const proxy = new CountingProxy(server, join(folder, 'counted-sock'));
    server.on('connection', (client) => proxy.#serve(client, connect(join(folder, 'libvirt-sock'))));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(proxy.#socket, resolve));
    return proxy;
  }

  /** A daemon's URI, through here. */
  through(uri: string): string {
    return uri.replace(/socket=.*/, `socket=${this.#socket}`);
  }

  /** The calls since the last time, by libvirt's number. */
  take(): Readonly<Record<number, number>> {
    const taken = Object.fromEntries(this.#counts);
    this.#counts.clear();
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket, daemon: Socket): void {
    for (const [socket, other] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => other.destroy());
    }
    daemon.pipe(client);
    let pending = Buffer.alloc(0);
    client.on('data', (data) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= headerBytes && pending.length >= pending.readUInt32BE(0)) {
        const message = pending.subarray(0, pending.readUInt32BE(0));
        pending = pending.subarray(message.length);
        if (message.readUInt32BE(4) === remoteProgram) this.#note(message);
        daemon.write(message);
      }
    });
  }

  #note(message: Buffer): void {
    const procedure = message.readUInt32BE(12);
    this.#counts.set(procedure, (this.#counts.get(procedure) ?? 0) + 1);
    this.onCall(procedure, message.subarray(headerBytes));
  }
}
