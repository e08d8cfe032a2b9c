// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace lv {

// Registers libvirt's own event loop and starts the one thread that runs it until the process ends.
// Once, before the first connection is opened; throws the Failure of a function that failed.
void startEventLoop();

}  // namespace lv
