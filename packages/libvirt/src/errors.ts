// SPDX-License-Identifier: LGPL-2.1-or-later
import { ErrorDomain, ErrorLevel, ErrorNumber } from './constants.js';

/** What libvirt said about a failed call, copied on the thread that failed. */
export interface LibvirtErrorFields {
  /** One of `ErrorNumber`; a newer libvirt may report a number that the table lacks. */
  readonly code: number;
  /** One of `ErrorDomain`. */
  readonly domain: number;
  /** One of `ErrorLevel`. */
  readonly level: number;
  readonly message: string;
  readonly str1: string | null;
  readonly str2: string | null;
  readonly str3: string | null;
  readonly int1: number;
  readonly int2: number;
}

/** A libvirt call failed. Decide by `code` and `domain`; the text is for people and changes between versions. */
export class LibvirtError extends Error implements LibvirtErrorFields {
  override readonly name = 'LibvirtError';
  readonly code: number;
  readonly domain: number;
  readonly level: number;
  readonly str1: string | null;
  readonly str2: string | null;
  readonly str3: string | null;
  readonly int1: number;
  readonly int2: number;

  constructor(fields: LibvirtErrorFields) {
    super(fields.message);
    this.code = fields.code;
    this.domain = fields.domain;
    this.level = fields.level;
    this.str1 = fields.str1;
    this.str2 = fields.str2;
    this.str3 = fields.str3;
    this.int1 = fields.int1;
    this.int2 = fields.int2;
  }
}

/** As libvirt reports it for calls. */
export function connectionLost(): LibvirtError {
  return new LibvirtError({
    code: ErrorNumber.INTERNAL_ERROR,
    domain: ErrorDomain.RPC,
    level: ErrorLevel.ERROR,
    message: 'the connection was lost',
    str1: null,
    str2: null,
    str3: null,
    int1: 0,
    int2: 0,
  });
}

/** The connection was closed, or the device or domain was disposed, before the call. */
export class DisposedError extends Error {
  override readonly name = 'DisposedError';
  readonly code = 'ERR_LIBVIRT_DISPOSED';
}

/** libvirt's library is not installed, or lacks a function that every call needs. */
export class LibraryUnavailableError extends Error {
  override readonly name = 'LibraryUnavailableError';
  readonly code = 'ERR_LIBVIRT_UNAVAILABLE';
}

/** How the native part rejects; only `settle` sees it. */
export type NativeFailure =
  | ({ readonly kind: 'libvirt' } & LibvirtErrorFields)
  | { readonly kind: 'disposed'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string };

/** The call's result; a native failure becomes an error whose stack names the awaiting caller. */
export async function settle<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (reason) {
    throw toError(reason);
  }
}

/** The error for a native failure; anything else as it is. */
export function toError(reason: unknown): unknown {
  if (!isNativeFailure(reason)) return reason;
  switch (reason.kind) {
    case 'libvirt':
      return new LibvirtError(reason);
    case 'disposed':
      return new DisposedError(reason.message);
    case 'unavailable':
      return new LibraryUnavailableError(reason.message);
  }
}

function isNativeFailure(reason: unknown): reason is NativeFailure {
  return typeof reason === 'object' && reason !== null && 'kind' in reason && !(reason instanceof Error);
}
