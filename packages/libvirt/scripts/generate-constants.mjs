// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints src/constants.ts from libvirt's headers: node scripts/generate-constants.mjs FOLDER > src/constants.ts
// Use the newest libvirt's: constants are only added, and a test compares with the headers that are installed.
import { readFileSync } from 'node:fs';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: generate-constants.mjs FOLDER, for example /usr/include/libvirt');

/** [exported name, header, enum, what its members begin with, one sentence] */
const tables = [
  ['ErrorNumber', 'virterror.h', 'virErrorNumber', 'VIR_ERR_|VIR_(?=WAR_)', 'What went wrong: `LibvirtError.code`.'],
  [
    'ErrorDomain',
    'virterror.h',
    'virErrorDomain',
    'VIR_FROM_',
    'Which part of libvirt reported an error: `LibvirtError.domain`.',
  ],
  ['ErrorLevel', 'virterror.h', 'virErrorLevel', 'VIR_ERR_', 'How serious an error is: `LibvirtError.level`.'],
  [
    'ConnectionCloseReason',
    'libvirt-common.h',
    'virConnectCloseReason',
    'VIR_CONNECT_CLOSE_REASON_',
    'Why a connection ended.',
  ],
  [
    'NodeDeviceListFlags',
    'libvirt-nodedev.h',
    'virConnectListAllNodeDeviceFlags',
    'VIR_CONNECT_LIST_NODE_DEVICES_',
    'Filters for lists of node devices; those of one group are combined by OR.',
  ],
  [
    'NodeDeviceXmlFlags',
    'libvirt-nodedev.h',
    'virNodeDeviceXMLFlags',
    'VIR_NODE_DEVICE_XML_',
    'For `NodeDevice.getXmlDesc`; the members need libvirt 10.1.',
  ],
  [
    'NodeDeviceCreateXmlFlags',
    'libvirt-nodedev.h',
    'virNodeDeviceCreateXMLFlags',
    'VIR_NODE_DEVICE_CREATE_XML_',
    'For `Connection.createNodeDeviceXml`.',
  ],
  [
    'NodeDeviceDefineXmlFlags',
    'libvirt-nodedev.h',
    'virNodeDeviceDefineXMLFlags',
    'VIR_NODE_DEVICE_DEFINE_XML_',
    'For `Connection.defineNodeDeviceXml`.',
  ],
  [
    'NodeDeviceUpdateFlags',
    'libvirt-nodedev.h',
    'virNodeDeviceUpdateFlags',
    'VIR_NODE_DEVICE_UPDATE_',
    'For `NodeDevice.update`, libvirt 10.1.',
  ],
  [
    'NodeDeviceLifecycle',
    'libvirt-nodedev.h',
    'virNodeDeviceEventLifecycleType',
    'VIR_NODE_DEVICE_EVENT_',
    '`NodeDeviceLifecycleEvent.event`.',
  ],
  [
    'DomainListFlags',
    'libvirt-domain.h',
    'virConnectListAllDomainsFlags',
    'VIR_CONNECT_LIST_DOMAINS_',
    'Filters for lists of domains; those of one group are combined by OR.',
  ],
  ['DomainState', 'libvirt-domain.h', 'virDomainState', 'VIR_DOMAIN_', 'A domain’s state.'],
  ['DomainXmlFlags', 'libvirt-domain.h', 'virDomainXMLFlags', 'VIR_DOMAIN_XML_', 'For `Domain.getXmlDesc`.'],
  [
    'DomainDefineFlags',
    'libvirt-domain.h',
    'virDomainDefineFlags',
    'VIR_DOMAIN_DEFINE_',
    'For `Connection.defineDomainXml`.',
  ],
  [
    'DomainUndefineFlags',
    'libvirt-domain.h',
    'virDomainUndefineFlagsValues',
    'VIR_DOMAIN_UNDEFINE_',
    'For `Domain.undefine`.',
  ],
  ['DomainCreateFlags', 'libvirt-domain.h', 'virDomainCreateFlags', 'VIR_DOMAIN_(?:START_)?', 'For `Domain.create`.'],
  [
    'DomainShutdownFlags',
    'libvirt-domain.h',
    'virDomainShutdownFlagValues',
    'VIR_DOMAIN_SHUTDOWN_',
    'For `Domain.shutdown`.',
  ],
  [
    'DomainDestroyFlags',
    'libvirt-domain.h',
    'virDomainDestroyFlagsValues',
    'VIR_DOMAIN_DESTROY_',
    'For `Domain.destroy`.',
  ],
  [
    'DomainDeviceModifyFlags',
    'libvirt-domain.h',
    'virDomainDeviceModifyFlags',
    'VIR_DOMAIN_DEVICE_MODIFY_',
    'For attaching, detaching and updating devices.',
  ],
  [
    'DomainAffectFlags',
    'libvirt-domain.h',
    'virDomainModificationImpact',
    'VIR_DOMAIN_AFFECT_',
    'Which of a domain’s two configurations a call touches.',
  ],
  [
    'DomainMetadataType',
    'libvirt-domain.h',
    'virDomainMetadataType',
    'VIR_DOMAIN_METADATA_',
    'Which metadata a call means.',
  ],
  ['DomainRebootFlags', 'libvirt-domain.h', 'virDomainRebootFlagValues', 'VIR_DOMAIN_REBOOT_', 'For `Domain.reboot`.'],
  ['DomainSaveFlags', 'libvirt-domain.h', 'virDomainSaveRestoreFlags', 'VIR_DOMAIN_SAVE_', 'For `Domain.managedSave`.'],
  [
    'DomainConsoleFlags',
    'libvirt-domain.h',
    'virDomainConsoleFlags',
    'VIR_DOMAIN_CONSOLE_',
    'For `Domain.openConsole`.',
  ],
  [
    'DomainChannelFlags',
    'libvirt-domain.h',
    'virDomainChannelFlags',
    'VIR_DOMAIN_CHANNEL_',
    'For `Domain.openChannel`.',
  ],
  [
    'DomainSnapshotListFlags',
    'libvirt-domain-snapshot.h',
    'virDomainSnapshotListFlags',
    'VIR_DOMAIN_SNAPSHOT_LIST_',
    'Filters for `Domain.listSnapshots`.',
  ],
  [
    'DomainSnapshotXmlFlags',
    'libvirt-domain-snapshot.h',
    'virDomainSnapshotXMLFlags',
    'VIR_DOMAIN_SNAPSHOT_XML_',
    'For `Domain.listSnapshots`.',
  ],
  ['DomainJobType', 'libvirt-domain.h', 'virDomainJobType', 'VIR_DOMAIN_JOB_', '`DomainJobInfo.type`.'],
  ['DomainLifecycle', 'libvirt-domain.h', 'virDomainEventType', 'VIR_DOMAIN_EVENT_', '`DomainLifecycleEvent.event`.'],
  [
    'DomainDefinedDetail',
    'libvirt-domain.h',
    'virDomainEventDefinedDetailType',
    'VIR_DOMAIN_EVENT_DEFINED_',
    'Detail of `DomainLifecycle.DEFINED`.',
  ],
  [
    'DomainStartedDetail',
    'libvirt-domain.h',
    'virDomainEventStartedDetailType',
    'VIR_DOMAIN_EVENT_STARTED_',
    'Detail of `DomainLifecycle.STARTED`.',
  ],
  [
    'DomainStoppedDetail',
    'libvirt-domain.h',
    'virDomainEventStoppedDetailType',
    'VIR_DOMAIN_EVENT_STOPPED_',
    'Detail of `DomainLifecycle.STOPPED`.',
  ],
];

const headers = new Map();
function header(name) {
  if (!headers.has(name)) headers.set(name, readFileSync(`${folder}/${name}`, 'utf8').replace(/\/\*[\s\S]*?\*\//g, ''));
  return headers.get(name);
}

/** A member's value: a number, a shift, or other members combined by OR. */
function evaluate(text, known) {
  return text.split('|').reduce((sum, part) => {
    const term = part.replace(/[()]/g, '').trim();
    const shift = /^(\d+)U?\s*<<\s*(\d+)$/.exec(term);
    if (shift) return (sum | (Number(shift[1]) << Number(shift[2]))) >>> 0;
    const value = /^(?:0x)?[\da-f]+U?$/i.test(term) ? Number(term.replace(/U$/, '')) : known.get(term);
    if (value === undefined) throw new Error(`cannot evaluate ${text}`);
    return (sum | value) >>> 0;
  }, 0);
}

const known = new Map();
for (const match of header('libvirt-domain.h').matchAll(
  /(VIR_DOMAIN_AFFECT_\w+|VIR_DOMAIN_XML_SECURE)\s*=\s*([^,]+),/g,
))
  known.set(match[1], evaluate(match[2], known));

function members(file, name, prefix) {
  // An enum ends at its own name; the body holds no closing brace.
  const body = new RegExp(`typedef enum \\{([^}]*)\\} ${name};`).exec(header(file))?.[1];
  // An enum that this libvirt does not have yet.
  if (body === undefined) return [];
  return body
    .replace(/^\s*#.*$/gm, '')
    .split(',')
    .map((entry) => entry.split('=').map((part) => part.trim()))
    .filter(([key, value]) => key && value && !key.endsWith('_LAST'))
    .map(([key, value]) => [key.replace(new RegExp(`^(?:${prefix})`), ''), evaluate(value, known)]);
}

const out = [
  '// SPDX-License-Identifier: LGPL-2.1-or-later',
  '// Generated from libvirt’s headers by scripts/generate-constants.mjs; the test beside this file compares the two.',
  '',
];
for (const [exported, file, name, prefix, sentence] of tables) {
  const all = new Map(members(file, name, prefix));
  out.push(`/** ${sentence} */`, `export const ${exported} = {`);
  for (const [key, value] of all) out.push(`  ${key}: ${value},`);
  out.push('} as const;', `export type ${exported} = (typeof ${exported})[keyof typeof ${exported}];`, '');
}
process.stdout.write(`${out.join('\n').trimEnd()}\n`);
