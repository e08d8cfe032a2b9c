// SPDX-License-Identifier: LGPL-2.1-or-later
// What the archive consists of, and under which licences: for those who distribute it and those who look for weaknesses.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ name: string, version: string, packages: readonly string[] }} Bill the packages are folders */

/** SPDX 2.3 as JSON; the same content gives the same text. @param {Bill} bill */
export function formatSbom({ name, version, packages }) {
  const listed = packages.map(readPackage);
  const content = JSON.stringify(listed);
  const root = 'SPDXRef-vgpud';
  const license = listed.find((each) => each.own)?.license;
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://phyllo.me/spdx/${name}-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`,
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: vgpud-package'] },
    packages: [
      toPackage(root, { name: 'vgpud', version, license, own: true }),
      ...listed.map((each) => toPackage(idOf(each), each)),
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: root },
      ...listed.map((each) => ({ spdxElementId: root, relationshipType: 'CONTAINS', relatedSpdxElement: idOf(each) })),
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function idOf({ name, version }) {
  return `SPDXRef-${name.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-/, '')}-${version}`;
}

function toPackage(id, { name, version, license, own }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const reference = { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl };
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    licenseDeclared: license,
    licenseConcluded: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    ...(own ? {} : { externalRefs: [reference] }),
  };
}

/** Each package of others with its licence, and the text where the package has it. @param {Bill} bill */
export function formatLicences({ name, packages }) {
  const others = packages.map(readPackage).filter((each) => !each.own);
  const sections = others.map((each) => {
    const licence = each.license === 'NOASSERTION' ? 'see the text' : each.license;
    return `${each.name} ${each.version}: ${licence}\n\n${(each.text ?? 'The package has no text of its own.').trim()}\n`;
  });
  const head = `${name} is LGPL-2.1-or-later (LICENSE). It contains:\n`;
  return [head, ...sections].join(`\n${'-'.repeat(80)}\n`);
}

/** @throws where the package neither names its licence nor has its text: nobody may distribute it then */
function readPackage(path) {
  const { name, version, license: said } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  // Old packages have an object, and a name that SPDX calls otherwise.
  const named = (typeof said === 'string' ? said : said?.type)?.replace('MIT/X11', 'MIT');
  const text = licenceText(path);
  if (named === undefined && text === undefined) throw new Error(`${name} ${version} has no licence`);
  return { name, version, license: named ?? 'NOASSERTION', text, own: name.startsWith('@vgpu/') };
}

function licenceText(path) {
  const file = readdirSync(path).find((each) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(each));
  return file === undefined ? undefined : readFileSync(join(path, file), 'utf8');
}
