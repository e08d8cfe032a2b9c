// SPDX-License-Identifier: LGPL-2.1-or-later
#include "event_loop.h"

#include <chrono>
#include <thread>

#include "failure.h"
#include "symbols.h"
#include "thread.h"

namespace lv {
namespace {

// libvirt would print every error on the terminal. Any thread.
void ignoreError(void*, virErrorPtr) {}

}  // namespace

void startEventLoop() {
  const Symbols& lib = library();
  check(lib.virInitialize());
  lib.virSetErrorFunc(nullptr, ignoreError);
  check(lib.virEventRegisterDefaultImpl());
  startThread("libvirt-event", [&lib] {
    for (;;) {
      // A loop that fails at once must not take a whole processor.
      if (lib.virEventRunDefaultImpl() < 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
}

}  // namespace lv
