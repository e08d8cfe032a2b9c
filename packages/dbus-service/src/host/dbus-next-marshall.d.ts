// SPDX-License-Identifier: LGPL-2.1-or-later
declare module 'dbus-next/lib/marshall-compat.js' {
  const marshaller: {
    /** The bytes of a Message that has a serial, and its file descriptors. */
    marshallMessage(message: unknown): [Buffer, unknown[]];
  };
  export default marshaller;
}
