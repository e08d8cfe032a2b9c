// SPDX-License-Identifier: LGPL-2.1-or-later
import { rootPath } from '../protocol/names.js';
import { interfacesOf, type PublishedObjects } from './published.js';
import { introspectionXml } from './introspection-xml.js';
import { standardXml } from './standard-xml.js';

const header = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`;

/** The introspection document of a path; undefined where neither it nor anything below it is published. */
export function introspect(objects: PublishedObjects, path: string): string | undefined {
  const object = objects.get(path);
  const children = childrenOf(objects, path);
  if (object === undefined && children.length === 0 && path !== rootPath) return undefined;
  const parts: string[] = [
    standardXml['org.freedesktop.DBus.Peer'],
    standardXml['org.freedesktop.DBus.Introspectable'],
  ];
  if (path === rootPath) parts.push(standardXml['org.freedesktop.DBus.ObjectManager']);
  if (object !== undefined || path === rootPath) parts.push(standardXml['org.freedesktop.DBus.Properties']);
  if (object !== undefined) parts.push(...interfacesOf(object).map((name) => introspectionXml[name]));
  const nodes = children.map((name) => `  <node name="${name}"/>\n`);
  return `${header}<node>\n${parts.map((part) => `  ${part.trim()}\n`).join('')}${nodes.join('')}</node>\n`;
}

/** Names one level below a path, sorted. */
function childrenOf(objects: PublishedObjects, path: string): readonly string[] {
  const prefix = path === '/' ? '/' : `${path}/`;
  const names = new Set<string>();
  for (const candidate of [rootPath, ...objects.keys()]) {
    if (candidate.startsWith(prefix) && candidate !== path)
      names.add(candidate.slice(prefix.length).split('/', 1)[0] ?? '');
  }
  return [...names].toSorted();
}
