// SPDX-License-Identifier: LGPL-2.1-or-later
import { request, type CallOptions } from './call.js';
import { Connection } from './connection.js';
import { native } from './native.js';

export interface KeepAlive {
  /** Seconds of silence after which the daemon is asked for a sign of life. */
  readonly intervalSeconds: number;
  /** How many unanswered questions make the connection lost. */
  readonly count: number;
}

export interface OpenOptions extends CallOptions {
  readonly readOnly?: boolean;
  /** Default: 5 s, 3 times. `false` lets a call wait for a stopped daemon for ever. */
  readonly keepAlive?: KeepAlive | false;
}

/**
 * Opens a connection. Nothing ever asks for credentials: a URI that needs some rejects.
 * A daemon that accepts connections and says nothing can be given up only by the signal: keep-alive begins after it.
 * A URI can start programs (`ssh`, `ext`, `command=`): never pass one from an untrusted source.
 */
export async function open(uri: string, options: OpenOptions = {}): Promise<Connection> {
  if (typeof uri !== 'string') throw new TypeError('uri must be a string');
  const { readOnly = false, keepAlive = { intervalSeconds: 5, count: 3 } } = options;
  if (keepAlive === false) return await Connection.open(withoutPrompt(uri), readOnly, 0, 0, options);
  requirePositive('keepAlive.intervalSeconds', keepAlive.intervalSeconds);
  requirePositive('keepAlive.count', keepAlive.count);
  return await Connection.open(withoutPrompt(uri), readOnly, keepAlive.intervalSeconds, keepAlive.count, options);
}

/**
 * The version of the libvirt library in this process: major * 1,000,000 + minor * 1,000 + release.
 * @see https://libvirt.org/html/libvirt-libvirt-host.html#virGetVersion
 */
export async function libraryVersion(options?: CallOptions): Promise<bigint> {
  return await request(() => native.libraryVersion(), options);
}

/** ssh asks for passwords on the terminal unless the URI forbids it. */
export function withoutPrompt(uri: string): string {
  const [, beforeFragment = '', fragment = ''] = /^([^#]*)(#.*)?$/s.exec(uri) ?? [];
  if (!/^[\w.-]+\+ssh:/i.test(beforeFragment) || /[?&;]no_tty=/.test(beforeFragment)) return uri;
  return `${beforeFragment}${beforeFragment.includes('?') ? '&' : '?'}no_tty=1${fragment}`;
}

/** libvirt takes a signed interval, so a larger number would wrap. */
function requirePositive(name: string, value: unknown): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!Number.isInteger(value) || value < 1 || value > 0x7fff_ffff)
    throw new RangeError(`${name} must be a whole number from 1 to 2147483647`);
}
