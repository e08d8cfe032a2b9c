// SPDX-License-Identifier: LGPL-2.1-or-later
#include "event_loop.h"

#include <system_error>

#include "epoll_loop.h"
#include "failure.h"
#include "symbols.h"
#include "thread.h"

namespace lv {
namespace {

// libvirt would print every error on the terminal. Any thread.
void ignoreError(void*, virErrorPtr) {}

// Never deleted: libvirt calls it until the process has ended.
EpollLoop* ours = nullptr;

// libvirt's C frames are above these: no exception may pass, and only memory that ran out can bring one.
template <typename Work>
int guardedNumber(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return -1;
  }
}

int addHandle(int fd, int events, virEventHandleCallback callback, void* opaque, virFreeCallback free) {
  return guardedNumber([=] { return ours->addHandle(fd, events, callback, opaque, free); });
}
void updateHandle(int watch, int events) { ours->updateHandle(watch, events); }
int removeHandle(int watch) {
  return guardedNumber([=] { return ours->removeHandle(watch); });
}
int addTimeout(int milliseconds, virEventTimeoutCallback callback, void* opaque, virFreeCallback free) {
  return guardedNumber([=] { return ours->addTimeout(milliseconds, callback, opaque, free); });
}
void updateTimeout(int timer, int milliseconds) { ours->updateTimeout(timer, milliseconds); }
int removeTimeout(int timer) {
  return guardedNumber([=] { return ours->removeTimeout(timer); });
}

// Without a loop, libvirt refuses every timeout. Registering a second one would make it complain on the terminal.
bool hasEventLoop(const Symbols& lib) {
  const int timer = lib.virEventAddTimeout(-1, [](int, void*) {}, nullptr, nullptr);
  if (timer < 0) return false;
  lib.virEventRemoveTimeout(timer);
  return true;
}

}  // namespace

void startEventLoop() {
  const Symbols& lib = library();
  check(lib.virInitialize());
  lib.virSetErrorFunc(nullptr, ignoreError);
  // Who gave libvirt a loop runs it. Running libvirt's own in vain would serve GLib's sources of others on our thread.
  if (hasEventLoop(lib)) return;
  try {
    if (ours == nullptr) ours = new EpollLoop;
    startThread("libvirt-event", [] { ours->run(); });
  } catch (const std::system_error& error) {
    throw Failure(ownFailure(VIR_ERR_SYSTEM_ERROR, VIR_FROM_EVENT, error.what()));
  }
  lib.virEventRegisterImpl(addHandle, updateHandle, removeHandle, addTimeout, updateTimeout, removeTimeout);
}

}  // namespace lv
