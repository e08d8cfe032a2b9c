// SPDX-License-Identifier: LGPL-2.1-or-later
// How libvirt's documents are read and edited, without a libvirt: for tests across packages.
export { editDomain } from './domain-edit/apply-edits.js';
export { formatDomainDiff } from './domain-edit/diff.js';
export { findOurMetadata, readRememberedVideos } from './domain-edit/videos.js';
export { decodeXml, parseXml, type XmlElement, type XmlNode } from './xml/document.js';
export { parseDomain, readDomain } from './xml/domain.js';
export { readNodeDevice } from './xml/node-device.js';
