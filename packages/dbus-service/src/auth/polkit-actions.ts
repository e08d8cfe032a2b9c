// SPDX-License-Identifier: LGPL-2.1-or-later

/** The actions in data/me.phyllo.vgpu1.policy. */
export const polkitActions = {
  manageVgpus: 'me.phyllo.vgpu1.manage-vgpus',
  assign: 'me.phyllo.vgpu1.assign',
  manageDomains: 'me.phyllo.vgpu1.manage-domains',
} as const;

export type PolkitAction = (typeof polkitActions)[keyof typeof polkitActions];
