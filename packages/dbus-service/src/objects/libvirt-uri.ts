// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * What everybody may see of a libvirt URI: scheme, host and path. Users, passwords and parameters (keys, commands,
 * sockets) are left out; empty where the parts cannot be told apart.
 */
export function publicLibvirtUri(uri: string): string {
  let parsed: URL;
  try {
    parsed = new URL(uri);
  } catch {
    return '';
  }
  const { protocol, hostname, pathname } = parsed;
  // An unescaped slash in a password would make the rest of it a path.
  return /^\/[\w./-]*$/.test(pathname) ? `${protocol}//${hostname}${pathname}` : '';
}
