// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile } from '@vgpu/core/testing';
import { control, type ControlCommand, type KernelState } from './control.js';
import { execInside, spawnInside, type ExecOptions, type ExecResult } from './enter.js';
import { checkHostFile, readHostFile } from './host-file.js';
import { EmulatedHostError, startNamespace, type Namespace } from './namespace.js';
import { cacheDirectory, checkout, insideDirectory, sourceDirectory } from './paths.js';
import { missingRequirements } from './requirements.js';

/** Daemons that an emulated host can run. */
export type ServiceName = 'bus' | 'polkit' | 'libvirtd' | 'virtqemud' | 'virtnodedevd' | 'vgpud';

/** Programs that can be the system bus. */
export type BusProgram = 'dbus-daemon' | 'dbus-broker';

export interface EmulatedHostOptions {
  /** What these need comes with them. Absent: bus, polkit and libvirtd; empty: the emulated kernel alone. */
  readonly services?: readonly ServiceName[];
  /** `split`: virtqemud and virtnodedevd in place of libvirtd. */
  readonly daemons?: 'monolithic' | 'split';
  /**
   * Whether strace writes down every program that vgpud starts; `stop()` then throws when there was one. Absent: what
   * the environment variable EMULATED_HOST_TRACE_VGPUD says, 1 or nothing.
   */
  readonly traceVgpud?: boolean;
  /** What the system bus is. dbus-broker activates nothing here: it leaves that to systemd. Absent: dbus-daemon. */
  readonly bus?: BusProgram;
}

const defaultServices: readonly ServiceName[] = ['bus', 'polkit', 'libvirtd'];

const needs: Readonly<Record<ServiceName, readonly ServiceName[]>> = {
  bus: [],
  polkit: ['bus'],
  libvirtd: ['bus', 'polkit'],
  virtqemud: ['bus', 'polkit'],
  virtnodedevd: ['bus', 'polkit'],
  vgpud: ['bus', 'polkit', 'libvirtd'],
};

/** A machine of its own: emulated kernel, real libvirtd, mdevctl, bus and polkit. It ends with this process at the latest. */
export class EmulatedHost implements AsyncDisposable {
  readonly #namespace: Namespace;
  /** The host file it was made from. */
  readonly file: HostFile;
  readonly #services: readonly ServiceName[];

  readonly #isTraced: boolean;
  #ended = false;

  constructor(namespace: Namespace, file: HostFile, services: readonly ServiceName[], isTraced: boolean) {
    this.#isTraced = isTraced;
    this.#namespace = namespace;
    this.file = file;
    this.#services = services;
  }

  /** First process inside, as seen from here. */
  get pid(): number {
    return this.#namespace.pid;
  }

  /** The file system inside, reachable from outside. */
  get root(): string {
    return `/proc/${this.pid}/root`;
  }

  get sysfsRoot(): string {
    return `${this.root}/sys`;
  }

  /** For a client outside. A client inside uses qemu:///system. */
  get libvirtUri(): string {
    const socket = this.#services.includes('libvirtd') ? 'libvirt-sock' : 'virtqemud-sock';
    return `qemu+unix:///system?socket=${this.root}/run/libvirt/${socket}`;
  }

  /** Where node devices are: as `libvirtUri`, unless they have a daemon of their own. */
  get nodeDeviceUri(): string {
    if (!this.#services.includes('virtnodedevd')) return this.libvirtUri;
    return `nodedev+unix:///system?socket=${this.root}/run/libvirt/virtnodedevd-sock`;
  }

  /** For a client outside; inside it is the usual place. */
  get systemBusAddress(): string {
    return `unix:path=${this.root}/run/dbus/system_bus_socket`;
  }

  /** Runs a command inside, as root unless told otherwise, in `/`. */
  exec(command: string, args: readonly string[] = [], options: ExecOptions = {}): Promise<ExecResult> {
    return execInside(this.pid, command, args, options);
  }

  /** As exec(), for a conversation over the command's streams. It ends with the host at the latest. */
  spawn(
    command: string,
    args: readonly string[] = [],
    options: Omit<ExecOptions, 'input'> = {},
  ): ChildProcessWithoutNullStreams {
    return spawnInside(this.pid, command, args, options);
  }

  /** Changes what the emulated kernel does. Throws EmulatedHostError when it refuses. */
  async control(command: ControlCommand): Promise<void> {
    await control(this.#controlSocket, command);
  }

  async kernelState(): Promise<KernelState> {
    return (await control(this.#controlSocket, { command: 'state' })) as KernelState;
  }

  get #controlSocket(): string {
    return `${this.root}${insideDirectory}/control`;
  }

  /** What the daemon has printed so far; `kernel` is the emulated kernel. */
  log(service: ServiceName | 'kernel'): string {
    return readFileSync(`${this.root}${insideDirectory}/log/${service}.log`, 'utf8');
  }

  /** Starts a daemon and waits until it is ready. */
  async startService(service: ServiceName): Promise<void> {
    await this.#manage(['start', service]);
  }

  /** Sends a signal to a daemon; waits until it is gone unless the signal is SIGSTOP or SIGCONT. */
  async killService(service: ServiceName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#manage(['kill', service, signal]);
  }

  startLibvirtd(): Promise<void> {
    return this.startService('libvirtd');
  }

  killLibvirtd(signal?: NodeJS.Signals): Promise<void> {
    return this.killService('libvirtd', signal);
  }

  async #manage(args: string[]): Promise<void> {
    const program = ['-B', '-I', '-S', join(sourceDirectory, 'services.py'), ...args];
    const { status, stderr } = await this.exec('/usr/bin/python3', program);
    if (status !== 0) throw new EmulatedHostError(`${args.join(' ')}: ${stderr.trim()}`);
  }

  /** What vgpud has executed so far in each of its lives, a system call a line, the first of which is its own start. */
  programs(): readonly (readonly string[])[] {
    return readTraces(this.#traces);
  }

  get #traces(): string {
    return `${this.root}${insideDirectory}/traces`;
  }

  /**
   * Ends everything inside, vgpud first and politely where it is traced, and waits until it is gone. May be called twice.
   * Throws EmulatedHostError when a traced vgpud has run a program, also while it ended, or has left no trace.
   */
  async stop(): Promise<void> {
    if (this.#ended || !this.#isTraced) return this.#namespace.end();
    this.#ended = true;
    // It may be gone already, or stuck in what a test has done to it; its trace is read whatever becomes of it.
    await this.killService('vgpud', 'SIGTERM').catch(() => undefined);
    // The file system inside lasts as long as something of it is open.
    const directory = existsSync(this.#traces) ? openSync(this.#traces, 'r') : undefined;
    await this.#namespace.end();
    if (directory === undefined) throw new EmulatedHostError('a traced vgpud left no trace');
    let lives: readonly (readonly string[])[];
    try {
      lives = readTraces(`/proc/self/fd/${directory}`);
    } finally {
      closeSync(directory);
    }
    if (lives.every((life) => life.length === 0)) throw new EmulatedHostError('a traced vgpud left no trace');
    const programs = lives.flatMap(([, ...others]) => others);
    if (programs.length > 0) throw new EmulatedHostError(`vgpud ran a program: ${programs.join(', ')}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts a host and waits until it is ready: node devices listed, domains and mdevs of the host file there.
 * @param host a name below hosts/, the path of a host file, or a host made in memory
 * Throws HostFileError for a wrong host file, EmulatedHostError when this machine cannot run it or a daemon fails.
 */
export async function startEmulatedHost(
  host: string | HostFile,
  options: EmulatedHostOptions = {},
): Promise<EmulatedHost> {
  const file = typeof host === 'string' ? readHostFile(host) : checkHostFile(host, 'host file');
  const asked = options.services ?? defaultServices;
  const needed = asked.flatMap((service) => [...needs[service], service]);
  const services = [...new Set(options.daemons === 'split' ? needed.flatMap(splitService) : needed)];
  const traceVgpud = services.includes('vgpud') && (options.traceVgpud ?? tracedByDefault());
  const { bus = 'dbus-daemon' } = options;
  const missing = missingRequirements(services, checkout, { bus, traceVgpud });
  if (missing.length > 0) throw new EmulatedHostError(`this machine lacks\n  ${missing.join('\n  ')}`);
  const cache = cacheDirectory();
  const settings = {
    host: file,
    services,
    bus,
    checkout,
    node: process.execPath,
    capabilityCache: join(cache, 'capabilities'),
    traceVgpud,
  };
  return new EmulatedHost(await startNamespace(settings, join(cache, 'pycache')), file, services, traceVgpud);
}

/** What each life has executed, by the files of a directory. */
function readTraces(directory: string): readonly (readonly string[])[] {
  if (!existsSync(directory)) return [];
  const lives = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  return lives.map((trace) => trace.split('\n').filter((line) => line !== ''));
}

function tracedByDefault(): boolean {
  return process.env['EMULATED_HOST_TRACE_VGPUD'] === '1';
}

function splitService(service: ServiceName): readonly ServiceName[] {
  return service === 'libvirtd' ? ['virtqemud', 'virtnodedevd'] : [service];
}
