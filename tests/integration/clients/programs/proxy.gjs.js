// SPDX-License-Identifier: LGPL-2.1-or-later
// A gjs client with one proxy for each interface, made from the installed contract. Prints what it saw as JSON.
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const [contractFile, uuid, typeId, gpuPath, domainPath] = ARGV;
const busName = 'me.phyllo.Vgpu1';
const timeoutMs = 15000;

const [, bytes] = GLib.file_get_contents(contractFile);
const contract = Gio.DBusNodeInfo.new_for_xml(new TextDecoder().decode(bytes));

/** makeProxyWrapper() takes the first interface of a document, so that each gets one of its own. */
function wrapper(name) {
  const xml = GLib.String.new('');
  contract.lookup_interface(`${busName}.${name}`).generate_xml(0, xml);
  return Gio.DBusProxy.makeProxyWrapper(`<node>${xml.str}</node>`);
}

function errorOf(call) {
  try {
    call();
    return null;
  } catch (error) {
    return {
      name: Gio.DBusError.get_remote_error(error),
      code: error.code,
      isIOError: error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.DBUS_ERROR),
    };
  }
}

/** Runs the main loop until the proxy's cached property has the value. */
function waitForProperty(proxy, name, value) {
  const loop = GLib.MainLoop.new(null, false);
  let late = false;
  const timer = GLib.timeout_add(GLib.PRIORITY_DEFAULT, timeoutMs, () => {
    late = true;
    loop.quit();
    return GLib.SOURCE_CONTINUE;
  });
  const changes = [];
  const handler = proxy.connect('g-properties-changed', (_proxy, changed) => {
    changes.push(changed.recursiveUnpack());
    if (proxy[name] === value) loop.quit();
  });
  if (proxy[name] !== value) loop.run();
  GLib.source_remove(timer);
  proxy.disconnect(handler);
  if (late) throw new Error(`${name} was not ${value} within ${timeoutMs} ms`);
  return Object.assign({}, ...changes);
}

const bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, null);
const manager = new (wrapper('Manager'))(bus, busName, `/me/phyllo/Vgpu1/manager`);
const gpu = new (wrapper('Gpu'))(bus, busName, gpuPath);
const domain = new (wrapper('Domain'))(bus, busName, domainPath);
const seen = { version: manager.Version, connected: manager.Connected, features: manager.Features };

seen.before = manager.FindVgpusSync(uuid);
seen.refused = errorOf(() => manager.FindVgpusSync('no-uuid'));
const options = { uuid: GLib.Variant.new_string(uuid), start: GLib.Variant.new_boolean(false) };
[seen.created] = gpu.CreateVgpuSync(typeId, options);
seen.again = errorOf(() => gpu.CreateVgpuSync(typeId, options));
seen.unknownOption = errorOf(() => gpu.CreateVgpuSync(typeId, { colour: GLib.Variant.new_string('red') }));

const vgpu = new (wrapper('Vgpu'))(bus, busName, seen.created);
seen.inactive = { State: vgpu.State, TypeId: vgpu.TypeId, Attributes: vgpu.Attributes };
vgpu.StartSync({});
seen.started = waitForProperty(vgpu, 'State', 'active');

seen.videoIsVariant = domain.Videos[0].model instanceof GLib.Variant;
seen.video = domain.get_cached_property('Videos').recursiveUnpack()[0];

const [, steps] = manager.PreviewSync(seen.created, `${busName}.Vgpu`, 'Stop', [GLib.Variant.new('a{sv}', {})]);
seen.previewIsVariant = steps[0].id instanceof GLib.Variant;
seen.previewId = steps[0].id.recursiveUnpack();
print(JSON.stringify(seen));
