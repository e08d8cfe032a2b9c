// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PolkitAction } from './polkit-actions.js';

/** Who wants to do what. */
export interface AuthorizationRequest {
  /** Unique bus name of the caller. */
  readonly sender: string;
  readonly action: PolkitAction;
  /** What it is done to, for rules and for the dialog's text: vgpu.uuid, parent.name, domain.uuid, domain.name. */
  readonly details: Readonly<Record<string, string>>;
  /** Whether a password dialog may appear. */
  readonly interactive: boolean;
  /** Called before a dialog opens. It must not throw. */
  readonly onDialog?: () => void;
  /** Closes the dialog: its answer is then a denial. */
  readonly cancelled?: AbortSignal | undefined;
}

/**
 * `challenge`: a dialog would help, and none was allowed. `busy`: one would help, and too many are open. `unanswered`:
 * polkit said nothing, which grants nothing. `left`: nobody was asked to the end, since the caller has left the bus.
 */
export type Decision = 'granted' | 'denied' | 'challenge' | 'busy' | 'unanswered' | 'left';

export interface Authorizer {
  /** Never rejects: whatever cannot be answered is not granted. */
  decide(request: AuthorizationRequest): Promise<Decision>;
  /** Nothing is granted any more: what is not decided yet is denied at once, and open dialogs are closed. */
  stop(): void;
}
