// SPDX-License-Identifier: LGPL-2.1-or-later
// Generated from data/me.phyllo.Vgpu1.xml by `pnpm --filter @vgpu/dbus-service generate`; do not edit.
import type { Contract } from './contract-types.js';

/** Every published interface with its members, their signatures and the options that methods know. */
export const contract = {
  'me.phyllo.Vgpu1.Manager': {
    properties: {
      Version: { type: 's', emits: 'const' },
      LibvirtUri: { type: 's', emits: 'const' },
      LibvirtVersion: { type: 's', emits: 'true' },
      MdevctlVersion: { type: 's', emits: 'true' },
      Connected: { type: 'b', emits: 'true' },
      Stale: { type: 'b', emits: 'true' },
      LastRefresh: { type: 't', emits: 'false' },
      Features: { type: 'as', emits: 'const' },
    },
    methods: {
      Refresh: { in: [{ name: 'options', type: 'a{sv}' }], out: [], options: { 'auth.no_user_interaction': 'b' } },
      FindVgpus: { in: [{ name: 'uuid', type: 's' }], out: [{ name: 'vgpus', type: 'ao' }], options: {} },
      Preview: {
        in: [
          { name: 'object', type: 'o' },
          { name: 'interface', type: 's' },
          { name: 'method', type: 's' },
          { name: 'arguments', type: 'av' },
        ],
        out: [
          { name: 'diff', type: 's' },
          { name: 'steps', type: 'aa{sv}' },
        ],
        options: {},
      },
    },
    signals: {},
  },
  'me.phyllo.Vgpu1.Gpu': {
    properties: {
      DisplayName: { type: 's', emits: 'true' },
      IconName: { type: 's', emits: 'const' },
      PciDevice: { type: 'o', emits: 'const' },
      Families: { type: 'as', emits: 'true' },
      Parents: { type: 'ao', emits: 'true' },
      Types: { type: 'ao', emits: 'true' },
      Vgpus: { type: 'ao', emits: 'true' },
      RenderNode: { type: 's', emits: 'true' },
    },
    methods: {
      CreateVgpu: {
        in: [
          { name: 'typeId', type: 's' },
          { name: 'options', type: 'a{sv}' },
        ],
        out: [{ name: 'vgpu', type: 'o' }],
        options: {
          parent: 'o',
          uuid: 's',
          persistent: 'b',
          start: 'b',
          autostart: 'b',
          attributes: 'a(ss)',
          operation_id: 's',
          'auth.no_user_interaction': 'b',
        },
      },
    },
    signals: {},
  },
  'me.phyllo.Vgpu1.VgpuType': {
    properties: {
      Gpu: { type: 'o', emits: 'const' },
      TypeId: { type: 's', emits: 'const' },
      Name: { type: 's', emits: 'true' },
      DisplayName: { type: 's', emits: 'true' },
      Family: { type: 's', emits: 'const' },
      DeviceApi: { type: 's', emits: 'true' },
      AvailableInstances: { type: 'u', emits: 'true' },
      MaxInstances: { type: 'u', emits: 'true' },
      Description: { type: 's', emits: 'true' },
      LowGraphicsMemoryMiB: { type: 'u', emits: 'true' },
      HighGraphicsMemoryMiB: { type: 'u', emits: 'true' },
      FramebufferMiB: { type: 'u', emits: 'true' },
      Fences: { type: 'u', emits: 'true' },
      ResolutionWidth: { type: 'u', emits: 'true' },
      ResolutionHeight: { type: 'u', emits: 'true' },
      Heads: { type: 'u', emits: 'true' },
      FrameRateLimit: { type: 'u', emits: 'true' },
      Weight: { type: 'u', emits: 'true' },
    },
    methods: {},
    signals: {},
  },
  'me.phyllo.Vgpu1.PciDevice': {
    properties: {
      Address: { type: 's', emits: 'const' },
      ClassId: { type: 'u', emits: 'true' },
      ClassName: { type: 's', emits: 'true' },
      VendorId: { type: 'q', emits: 'true' },
      VendorName: { type: 's', emits: 'true' },
      ProductId: { type: 'q', emits: 'true' },
      ProductName: { type: 's', emits: 'true' },
      Revision: { type: 'y', emits: 'true' },
      Driver: { type: 's', emits: 'true' },
      IommuGroup: { type: 'o', emits: 'true' },
      NumaNode: { type: 'i', emits: 'true' },
      BootVga: { type: 'b', emits: 'true' },
      PhysicalFunction: { type: 'o', emits: 'true' },
      Domains: { type: 'ao', emits: 'true' },
    },
    methods: {},
    signals: {},
  },
  'me.phyllo.Vgpu1.IommuGroup': {
    properties: { Number: { type: 'u', emits: 'const' }, Devices: { type: 'ao', emits: 'true' } },
    methods: {},
    signals: {},
  },
  'me.phyllo.Vgpu1.MdevParent': {
    properties: {
      Name: { type: 's', emits: 'const' },
      Gpu: { type: 'o', emits: 'true' },
      AvailableInstances: { type: 'a{su}', emits: 'true' },
      Vgpus: { type: 'ao', emits: 'true' },
    },
    methods: {},
    signals: {},
  },
  'me.phyllo.Vgpu1.Vgpu': {
    properties: {
      Uuid: { type: 's', emits: 'const' },
      DisplayName: { type: 's', emits: 'true' },
      Backing: { type: 's', emits: 'const' },
      Gpu: { type: 'o', emits: 'true' },
      Parent: { type: 'o', emits: 'true' },
      ParentName: { type: 's', emits: 'const' },
      Type: { type: 'o', emits: 'true' },
      TypeId: { type: 's', emits: 'true' },
      Active: { type: 'b', emits: 'true' },
      Persistent: { type: 'b', emits: 'true' },
      Autostart: { type: 'b', emits: 'true' },
      Attributes: { type: 'a(ss)', emits: 'true' },
      State: { type: 's', emits: 'true' },
      IommuGroup: { type: 'o', emits: 'true' },
      Domains: { type: 'ao', emits: 'true' },
      InUseBy: { type: 'o', emits: 'true' },
    },
    methods: {
      Start: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      Stop: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      Define: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      Undefine: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      SetAutostart: {
        in: [
          { name: 'autostart', type: 'b' },
          { name: 'options', type: 'a{sv}' },
        ],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
    },
    signals: {},
  },
  'me.phyllo.Vgpu1.Domain': {
    properties: {
      Uuid: { type: 's', emits: 'const' },
      Name: { type: 's', emits: 'true' },
      Title: { type: 's', emits: 'true' },
      OsId: { type: 's', emits: 'true' },
      State: { type: 's', emits: 'true' },
      Persistent: { type: 'b', emits: 'true' },
      Autostart: { type: 'b', emits: 'true' },
      HasManagedSave: { type: 'b', emits: 'true' },
      PendingRestart: { type: 'b', emits: 'true' },
      Vgpus: { type: 'ao', emits: 'true' },
      MissingVgpus: { type: 'as', emits: 'true' },
      PciDevices: { type: 'ao', emits: 'true' },
      Videos: { type: 'aa{sv}', emits: 'true' },
      Graphics: { type: 'aa{sv}', emits: 'true' },
      Console: { type: 'a{sv}', emits: 'true' },
    },
    methods: {
      AssignVgpu: {
        in: [
          { name: 'vgpu', type: 'o' },
          { name: 'options', type: 'a{sv}' },
        ],
        out: [{ name: 'steps', type: 'aa{sv}' }],
        options: { recipe: 's', operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      UnassignVgpu: {
        in: [
          { name: 'vgpu', type: 'o' },
          { name: 'options', type: 'a{sv}' },
        ],
        out: [{ name: 'steps', type: 'aa{sv}' }],
        options: { restore_video: 'b', operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      Start: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      Shutdown: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
      ForceOff: {
        in: [{ name: 'options', type: 'a{sv}' }],
        out: [],
        options: { operation_id: 's', 'auth.no_user_interaction': 'b' },
      },
    },
    signals: {},
  },
  'me.phyllo.Vgpu1.Operation': {
    properties: {
      Id: { type: 's', emits: 'const' },
      Kind: { type: 's', emits: 'const' },
      Target: { type: 'o', emits: 'const' },
      CallerUid: { type: 'u', emits: 'const' },
      State: { type: 's', emits: 'true' },
      ErrorName: { type: 's', emits: 'true' },
      ErrorMessage: { type: 's', emits: 'true' },
      Steps: { type: 'aa{sv}', emits: 'true' },
      StartedUsec: { type: 't', emits: 'const' },
    },
    methods: {
      Cancel: { in: [{ name: 'options', type: 'a{sv}' }], out: [], options: { 'auth.no_user_interaction': 'b' } },
    },
    signals: {
      Completed: [
        { name: 'success', type: 'b' },
        { name: 'message', type: 's' },
      ],
    },
  },
} as const satisfies Contract;
