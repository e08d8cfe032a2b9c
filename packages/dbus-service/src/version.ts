// SPDX-License-Identifier: LGPL-2.1-or-later

/** vgpud's version; package.json has the same. */
export const version = '0.1.0';
