// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * A libvirt URI for everybody's eyes: scheme, host and path. What stands before the host and behind the path can hold
 * a password, the path of a key or a command (libvirt: uri.html).
 */
export function formatPublicUri(uri: string): string {
  const [, scheme, host = '', path = ''] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^/?#]*@)?([^/?#@]*)([^?#]*)/.exec(uri) ?? [];
  return scheme === undefined ? '' : `${scheme}://${host}${path}`;
}
