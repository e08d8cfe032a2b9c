// SPDX-License-Identifier: LGPL-2.1-or-later
// An event loop for libvirt. Its client switches the watching of its socket off and on around every call: here that is
// two system calls, where libvirt's own loop wakes its thread each time.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "symbols.h"

namespace lv {

// The functions have the contract of virEventRegisterImpl and may be called on any thread, also by the loop's callbacks.
// What was removed is freed by the loop's thread, so never while its callback runs, and without the lock, so that
// freeing may call back here.
class EpollLoop {
 public:
  // Throws std::system_error when the process has too many files open. Handles and timeouts get numbers after `last`.
  explicit EpollLoop(int last = 0);
  ~EpollLoop() = delete;
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  // -1 when a file cannot be watched.
  int addHandle(int fd, int events, virEventHandleCallback callback, void* opaque, virFreeCallback free);
  void updateHandle(int watch, int events);
  int removeHandle(int watch);
  int addTimeout(int milliseconds, virEventTimeoutCallback callback, void* opaque, virFreeCallback free);
  void updateTimeout(int timer, int milliseconds);
  int removeTimeout(int timer);

  // Never returns. One thread.
  [[noreturn]] void run();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kNever = Clock::time_point::max();
  static constexpr Clock::time_point kAwake = Clock::time_point::min();

  struct Handle {
    // A duplicate, because epoll takes a file only once, and libvirt may watch it twice.
    int own;
    int fd;
    int events;
    virEventHandleCallback callback;
    void* opaque;
    virFreeCallback free;
  };
  struct Timeout {
    int milliseconds;
    Clock::time_point due;
    virEventTimeoutCallback callback;
    void* opaque;
    virFreeCallback free;
  };

  // With the lock.
  int nextNumber();
  void arm(Timeout& timeout, int milliseconds);
  void forget(virFreeCallback free, void* opaque);
  void wake();

  // The loop's thread.
  void freeForgotten();
  int sleepMilliseconds();
  void onHandle(int number, std::uint32_t epollEvents);
  void onTimeouts();

  std::mutex mutex_;
  int epoll_;
  int wake_;
  std::thread::id thread_;
  int last_;
  std::unordered_map<int, Handle> handles_;
  std::unordered_map<int, Timeout> timeouts_;
  std::vector<std::pair<virFreeCallback, void*>> forgotten_;
  // When the thread wakes by itself; kAwake while it does not sleep, and so sees every change before it does.
  Clock::time_point sleepsUntil_ = kAwake;
};

}  // namespace lv
