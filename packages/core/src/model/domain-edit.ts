// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevHostdev, Video } from './domain.js';

/**
 * One change of a domain's stored document, as data; only libvirt-adapter turns it into XML.
 * Devices are matched by what they are (the mdev's UUID), never by their position.
 */
export type DomainEdit =
  /** AlreadyExists when the document has a hostdev with that UUID. */
  | { readonly kind: 'add-mdev-hostdev'; readonly hostdev: MdevHostdev }
  /** NotFound when it has none. */
  | { readonly kind: 'remove-mdev-hostdev'; readonly uuid: MdevHostdev['uuid'] }
  /** Every `<video>` goes, one with model none comes: without it libvirt would add one for `<graphics>`. */
  | { readonly kind: 'set-video-none' }
  /** The opposite: the video devices that were there, without their addresses. */
  | { readonly kind: 'set-videos'; readonly videos: readonly Video[] }
  /** Keeps the removed videos in the domain's metadata, for unassign; undefined forgets them. */
  | { readonly kind: 'remember-videos'; readonly videos: readonly Video[] | undefined };
