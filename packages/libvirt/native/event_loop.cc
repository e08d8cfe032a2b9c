// SPDX-License-Identifier: LGPL-2.1-or-later
#include "event_loop.h"

#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>

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
std::atomic<bool> asked{false};

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
  asked.store(true);
  return guardedNumber([=] { return ours->addTimeout(milliseconds, callback, opaque, free); });
}
void updateTimeout(int timer, int milliseconds) { ours->updateTimeout(timer, milliseconds); }
int removeTimeout(int timer) {
  return guardedNumber([=] { return ours->removeTimeout(timer); });
}

// libvirt keeps the loop that was registered first and does not say which: only its use shows.
bool registerOurs(const Symbols& lib) {
  lib.virEventRegisterImpl(addHandle, updateHandle, removeHandle, addTimeout, updateTimeout, removeTimeout);
  const int timer = lib.virEventAddTimeout(-1, [](int, void*) {}, nullptr, nullptr);
  if (timer >= 0) lib.virEventRemoveTimeout(timer);
  return asked.load();
}

void runDefaultLoop(const Symbols& lib) {
  for (;;) {
    // A loop that fails at once must not take a whole processor.
    if (lib.virEventRunDefaultImpl() < 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

void startEventLoop() {
  const Symbols& lib = library();
  check(lib.virInitialize());
  lib.virSetErrorFunc(nullptr, ignoreError);
  try {
    if (ours == nullptr) ours = new EpollLoop;
  } catch (const std::system_error& error) {
    throw Failure(ownFailure(VIR_ERR_SYSTEM_ERROR, VIR_FROM_EVENT, error.what()));
  }
  if (registerOurs(lib)) {
    startThread("libvirt-event", [] { ours->run(); });
    return;
  }
  // Somebody else's, who may want libvirt's own loop to be run by whoever needs it.
  check(lib.virEventRegisterDefaultImpl());
  startThread("libvirt-event", [&lib] { runDefaultLoop(lib); });
}

}  // namespace lv
