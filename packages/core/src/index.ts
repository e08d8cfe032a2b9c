// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './errors.js';
export * from './identity/device-names.js';
export * from './identity/pci-address.js';
export * from './identity/uuid.js';
export * from './model/domain-edit.js';
export * from './model/domain.js';
export * from './model/inventory.js';
export * from './model/iommu-group.js';
export * from './model/parent.js';
export * from './model/pci-device.js';
export * from './model/vgpu.js';
export * from './ports.js';
