// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { run } from '../emulated-host/testing.js';
import { ObjectMirror } from './dbus-service-mirror.js';
import { parent, typeId, uuid } from './seed-page.js';

const definition = JSON.stringify({ mdev_type: typeId, start: 'manual', attrs: [] });

/** The page's machine with vgpud, and a client that listens to it. */
export class MirroredHost implements AsyncDisposable {
  readonly host: EmulatedHost;
  readonly mirror: ObjectMirror;

  private constructor(host: EmulatedHost, mirror: ObjectMirror) {
    this.host = host;
    this.mirror = mirror;
  }

  static async start(): Promise<MirroredHost> {
    const host = await startEmulatedHost('seed-page', { services: ['vgpud'] });
    try {
      return new MirroredHost(host, await ObjectMirror.connect(host.systemBusAddress));
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  /** Stores the vGPU of the tests, as others do. */
  async define(): Promise<void> {
    const args = ['define', '-u', uuid, '-p', parent, '--jsonfile', '/dev/stdin'];
    await run(this.host, 'mdevctl', args, { input: definition });
  }

  /** Takes every vGPU away. Waits until the service has told of it. */
  async clean(): Promise<void> {
    const { host, mirror } = this;
    for (const { uuid: active } of (await host.kernelState()).mdevs) await host.exec('mdevctl', ['stop', '-u', active]);
    await host.exec('mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await mirror.until('no vGPU left', () => ![...mirror.objects.values()].some((object) => interfaces.vgpu in object));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mirror[Symbol.dispose]();
    await this.host.stop();
  }
}
