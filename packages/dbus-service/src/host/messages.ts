// SPDX-License-Identifier: LGPL-2.1-or-later
// What travels over the bus, as the service sees it.

/** Of a method call that somebody sent to us, what is known before its arguments are decoded. */
export interface CallHeader {
  readonly sender: string;
  readonly path: string;
  /** undefined where the caller named none. */
  readonly interface: string | undefined;
  readonly member: string;
  readonly signature: string;
  readonly replyExpected: boolean;
}

/** A method call of which the arguments are bytes yet. */
export interface UndecodedCall extends CallHeader {
  readonly bodyLength: number;
}

/** A method call that somebody sent to us. */
export interface IncomingCall extends CallHeader {
  /** By the signature. Variants have the shape of TypedValue; dictionaries are objects whose keys are the caller's. */
  readonly args: readonly unknown[];
  /** Whether the caller allows a password dialog. */
  readonly interactive: boolean;
}

/** Values with their signature. */
export interface Body {
  readonly signature: string;
  readonly values: readonly unknown[];
}

export const emptyBody: Body = { signature: '', values: [] };

/** An error that a caller may see. */
export interface ErrorAnswer {
  readonly errorName: string;
  readonly message: string;
}

/** The answer to a call. */
export type Answer = Body | ErrorAnswer;

export interface CallHandler {
  /**
   * The error for a call that no arguments would make right, or to which nobody wants the answer: its body is not
   * decoded. Never throws.
   */
  refuse(call: UndecodedCall): ErrorAnswer | undefined;
  /** Never rejects. */
  answer(call: IncomingCall): Promise<Answer>;
}

export interface OutgoingCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: Body;
  readonly timeoutMs: number;
}

/** An outgoing call that failed; its text is never passed on to our own callers. */
export class BusCallError extends Error {
  override readonly name = 'BusCallError';
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message);
    this.errorName = errorName;
  }
}

/**
 * Whether a call failed because the connection that it was about has left.
 * That is no news for the log, which callers who come and go could fill with it.
 */
export function isAboutGoneCaller(error: unknown): boolean {
  return error instanceof BusCallError && error.errorName === 'org.freedesktop.DBus.Error.NameHasNoOwner';
}
