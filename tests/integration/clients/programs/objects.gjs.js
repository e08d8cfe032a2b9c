// SPDX-License-Identifier: LGPL-2.1-or-later
// A gjs client that keeps all objects with Gio.DBusObjectManagerClient. Prints one line for each thing that it hears,
// until its standard input ends.
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const loop = GLib.MainLoop.new(null, false);
const manager = Gio.DBusObjectManagerClient.new_for_bus_sync(
  Gio.BusType.SYSTEM,
  Gio.DBusObjectManagerClientFlags.DO_NOT_AUTO_START,
  'me.phyllo.Vgpu1',
  '/me/phyllo/Vgpu1',
  null,
  null,
);

/** Operations end with the service; everything else comes back. */
const lasting = () => manager.get_objects().filter((object) => !object.get_object_path().includes('/operation/'));

manager.connect('object-added', (_manager, object) => print(`added ${object.get_object_path()}`));
manager.connect('object-removed', (_manager, object) => print(`removed ${object.get_object_path()}`));
manager.connect('interface-proxy-properties-changed', (_manager, object, proxy, changed) => {
  for (const [name, value] of Object.entries(changed.recursiveUnpack())) {
    // The proxy's own copy must say the same as the signal.
    const cached = proxy.get_cached_property(name).recursiveUnpack();
    const same = JSON.stringify(cached) === JSON.stringify(value) ? '' : ' but not cached';
    print(`changed ${object.get_object_path()} ${proxy.get_interface_name()} ${name} ${JSON.stringify(value)}${same}`);
  }
});
manager.connect('notify::name-owner', () => {
  print(
    manager.name_owner === null
      ? `gone with ${manager.get_objects().length} objects left`
      : `back with ${lasting().length} objects`,
  );
});

print(`has ${lasting().length} objects`);

const input = new Gio.DataInputStream({ base_stream: Gio.UnixInputStream.new(0, false) });
input.read_line_async(GLib.PRIORITY_DEFAULT, null, () => loop.quit());
loop.run();
