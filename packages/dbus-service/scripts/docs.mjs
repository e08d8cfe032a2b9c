// SPDX-License-Identifier: LGPL-2.1-or-later
// docs/dbus-api.md from the contract and the codes of errors.

const emission = {
  true: 'signals changes',
  invalidates: 'signals that it changed, without the value',
  const: 'never changes',
  false: 'changes without a signal',
};

/** `#me.phyllo.Vgpu1.Gpu:Types` becomes `Gpu.Types`, `#….Manager.Preview()` becomes `Manager.Preview`. */
const plain = (text) =>
  text.replace(/#me\.phyllo\.Vgpu1\.(\w+)(?:[:.](\w+))?(?:\(\))?/g, (_, a, b) => `\`${b ? `${a}.${b}` : a}\``);
const prose = (paragraphs) => paragraphs.map(plain).join('\n\n');
const listKeys = (keys) =>
  Object.entries(keys)
    .map(([name, type]) => `\`${name}\` ${type}`)
    .join(', ');

const listArguments = (args) => args.map((arg) => `${arg.name} ${arg.type}`).join(', ');

function formatMethod(method) {
  const lines = [
    `#### ${method.name}(${listArguments(method.in)})${method.out.length ? ` → (${listArguments(method.out)})` : ''}`,
    '',
  ];
  for (const arg of [...method.in, ...method.out]) {
    const keys = arg.options ?? arg.keys;
    lines.push(`- \`${arg.name}\` ${arg.type}: ${plain(arg.text)}${keys ? ` Keys: ${listKeys(keys)}.` : ''}`);
  }
  if (lines.at(-1) !== '') lines.push('');
  const stepArgs = method.out.flatMap((arg) => Object.entries(arg.stepArgs ?? {}));
  const list = stepArgs.map(([id, args]) => `- \`${id}\`: ${listKeys(args)}.`);
  return [
    ...lines,
    prose(method.paragraphs),
    ...(list.length ? ['', '`args` of each step:', '', ...list] : []),
    '',
  ].join('\n');
}

function formatSignal(signal) {
  const args = signal.args.map((arg) => `- \`${arg.name}\` ${arg.type}: ${plain(arg.text)}`);
  return [`#### ${signal.name}(${listArguments(signal.args)})`, '', ...args, '', prose(signal.paragraphs), ''].join(
    '\n',
  );
}

function formatProperty(property) {
  const keys = property.keys ? ` Keys: ${listKeys(property.keys)}.` : '';
  return `- **${property.name}** ${property.type} (${emission[property.emits]}): ${prose(property.paragraphs)}${keys}`;
}

function formatInterface(entry) {
  return [
    `## ${entry.name}`,
    '',
    `${entry.short}. ${prose(entry.paragraphs)}`,
    '',
    '### Properties',
    '',
    ...entry.properties.map(formatProperty),
    '',
    ...(entry.methods.length ? ['### Methods', '', ...entry.methods.map(formatMethod)] : []),
    ...(entry.signals.length ? ['### Signals', '', ...entry.signals.map(formatSignal)] : []),
  ].join('\n');
}

const preface = (errors) => `<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
<!-- Generated from packages/dbus-service/data/me.phyllo.Vgpu1.xml and packages/core/src/errors.ts by \`pnpm --filter @vgpu/dbus-service generate\`; do not edit. -->

# D-Bus API, version 1

System bus, name \`me.phyllo.Vgpu1\`. The object \`/me/phyllo/Vgpu1\` has org.freedesktop.DBus.ObjectManager: one call of GetManagedObjects returns everything, and its signals InterfacesAdded and InterfacesRemoved together with PropertiesChanged keep a client's copy right. An object is added before a property names it, and removed after no property names it (but \`Operation.Target\`); the lists of a new object hold at first what is known already, and the rest follows as a change. Stale becomes false after the objects are right, and true before they change. All properties are read-only. "/" stands for "no object". Reading is open to every local user.

**Options.** Every changing method ends in a dictionary of options. An unknown option, or one with another type, answers \`me.phyllo.Vgpu1.Error.InvalidArgument\`; a wrong signature of the call answers \`org.freedesktop.DBus.Error.InvalidArgs\`. Two are known to all: \`auth.no_user_interaction\` b, true means that no password dialog may appear, even where the message allows it; \`operation_id\` s, a name of the caller's for the operation, with which the call can be repeated without a second change (see me.phyllo.Vgpu1.Operation).

**Authorization.** Changing methods need the polkit action that they name. Without a grant they answer \`me.phyllo.Vgpu1.Error.NotAuthorized\`, or \`org.freedesktop.DBus.Error.InteractiveAuthorizationRequired\` where a dialog would help and the call did not allow it (the message flag ALLOW_INTERACTIVE_AUTHORIZATION). A dialog can take longer than a client's default timeout of 25 seconds: the change goes on as long as the caller stays on the bus, and its operation tells how it ends. A caller that leaves the bus while its change waits for authorization or for its turn gets nothing made; a change that has begun is finished without its caller. An operation that is over is shown for 10 minutes, but of one user's no more than 64 are kept and of all users' 512: the oldest go earlier. A dialog that nobody answers is closed after 5 minutes, which is a refusal.

**Rules.** An administrator's polkit rule can look at what a call is about: \`action.lookup('vgpu.uuid')\` and \`'parent.name'\` (a PCI address; of a new vGPU the parent that was picked) are given with manage-vgpus, \`'domain.uuid'\` and \`'domain.name'\` with assign and manage-domains, and \`'vgpu.uuid'\` and \`'parent.name'\` with assign too (the parent where it is known). Prefer \`domain.uuid\`: names change, and names that only look alike are different ones. Of a machine whose name has invisible characters or more than 255 bytes \`domain.name\` is the UUID.

**Calls in vain.** No password is asked for a call that cannot work on the host as it was last seen: it is refused with the reason, which Preview and the objects tell everybody. For a caller who has the grant already the host is read again first.

**Errors.** \`me.phyllo.Vgpu1.Error.\` and one of these names; each with what it means, and what to do:

${errors.map(({ code, meaning, advice }) => `- **${code}**: ${meaning.replace(/\.$/, '')}. To do: ${advice}.`).join('\n')}

Every method lists those that belong to it. Besides, every change can answer Internal, InvalidArgument, NotAuthorized, Unavailable and TimedOut, and AlreadyExists for an \`operation_id\` that is another change. Messages are in English, name the object first, and hold no secrets.

The service also answers errors of D-Bus's own under \`org.freedesktop.DBus.Error.\`: UnknownObject, UnknownInterface, UnknownMethod, UnknownProperty, PropertyReadOnly, InvalidArgs, LimitsExceeded, InteractiveAuthorizationRequired. AccessDenied comes from the bus, which lets through only calls that name one of the interfaces with methods below or D-Bus's own Introspectable, ObjectManager, Peer and Properties: a message without an interface, and a call of an interface that this version does not have, do not reach the service.

**Object paths.** PCI addresses and UUIDs with \`_\` for \`:\`, \`.\` and \`-\`; every other name with all but letters and digits (and a digit at its beginning) as \`_\` and two hexadecimal digits, as sd-bus escapes labels.

**gjs.** Dictionaries inside dictionaries arrive as GLib.Variant: call \`recursiveUnpack()\`.
`;

export function formatDocs(contract, errors) {
  return `${[preface(errors), ...contract.map(formatInterface)].join('\n').trimEnd()}\n`;
}
