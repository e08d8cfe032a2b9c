#!/usr/bin/node
// SPDX-License-Identifier: LGPL-2.1-or-later
// /usr/bin/vgpuctl is a link to this file.
import './node_modules/@vgpu/cli/dist/main.js';
