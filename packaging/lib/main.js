// SPDX-License-Identifier: LGPL-2.1-or-later
// What vgpud.service starts.
import './node_modules/@vgpu/dbus-service/dist/main.js';
