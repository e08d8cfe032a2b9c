// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace lv {

// Gives libvirt an event loop, unless this process has one, and starts its thread. Throws a Failure. Once in a process,
// before the first connection; any thread.
void startEventLoop();

}  // namespace lv
