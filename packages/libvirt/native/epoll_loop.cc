// SPDX-License-Identifier: LGPL-2.1-or-later
#include "epoll_loop.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

namespace lv {
namespace {

// The number of the file that wakes the loop; handles and timeouts count from 1.
constexpr int kWake = 0;
// A loop that fails at once must not take a whole processor.
constexpr std::chrono::milliseconds kAfterFailure{100};

std::uint32_t toEpoll(int events) {
  std::uint32_t wanted = 0;
  if ((events & VIR_EVENT_HANDLE_READABLE) != 0) wanted |= EPOLLIN;
  if ((events & VIR_EVENT_HANDLE_WRITABLE) != 0) wanted |= EPOLLOUT;
  // Both are always told; asking for nothing else is a wish too.
  if ((events & VIR_EVENT_HANDLE_ERROR) != 0) wanted |= EPOLLERR;
  if ((events & VIR_EVENT_HANDLE_HANGUP) != 0) wanted |= EPOLLHUP;
  return wanted;
}

int fromEpoll(std::uint32_t happened) {
  int events = 0;
  if ((happened & EPOLLIN) != 0) events |= VIR_EVENT_HANDLE_READABLE;
  if ((happened & EPOLLOUT) != 0) events |= VIR_EVENT_HANDLE_WRITABLE;
  if ((happened & EPOLLERR) != 0) events |= VIR_EVENT_HANDLE_ERROR;
  if ((happened & EPOLLHUP) != 0) events |= VIR_EVENT_HANDLE_HANGUP;
  return events;
}

epoll_event eventFor(int number, int events) {
  epoll_event event{};
  // The end of a file is always told; where there are no wishes at most once, and dropped.
  event.events = events == 0 ? EPOLLONESHOT : toEpoll(events);
  event.data.u64 = static_cast<std::uint64_t>(number);
  return event;
}

}  // namespace

EpollLoop::EpollLoop(int last) : last_(last) {
  epoll_event event = eventFor(kWake, VIR_EVENT_HANDLE_READABLE);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (wake_ >= 0 && epoll_ >= 0 && epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0) return;
  const int error = errno;
  ::close(wake_);
  ::close(epoll_);
  throw std::system_error(error, std::generic_category(), "the event loop");
}

void EpollLoop::wake() {
  // The loop's own callbacks come before it looks at everything again.
  if (sleepsUntil_ == kAwake || std::this_thread::get_id() == thread_) return;
  const std::uint64_t one = 1;
  // A full counter wakes as well.
  if (write(wake_, &one, sizeof one) == static_cast<ssize_t>(sizeof one)) sleepsUntil_ = kAwake;
}

int EpollLoop::nextNumber() {
  do {
    last_ = last_ == std::numeric_limits<int>::max() ? kWake + 1 : last_ + 1;
  } while (handles_.count(last_) != 0 || timeouts_.count(last_) != 0);
  return last_;
}

int EpollLoop::addHandle(int fd, int events, virEventHandleCallback callback, void* opaque, virFreeCallback free) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Handle handle{fcntl(fd, F_DUPFD_CLOEXEC, 0), fd, events, callback, opaque, free};
  if (handle.own < 0) return -1;
  const int number = nextNumber();
  epoll_event event = eventFor(number, events);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, handle.own, &event) < 0) {
    ::close(handle.own);
    return -1;
  }
  handles_.emplace(number, handle);
  return number;
}

void EpollLoop::updateHandle(int watch, int events) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = handles_.find(watch);
  if (found == handles_.end() || found->second.events == events) return;
  // Cannot fail, and so need not be told: the file is watched from its adding on, also while nothing is wished.
  epoll_event event = eventFor(watch, events);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, found->second.own, &event);
  found->second.events = events;
}

int EpollLoop::removeHandle(int watch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = handles_.find(watch);
  if (found == handles_.end()) return -1;
  const Handle handle = found->second;
  // Closing is not enough: libvirt may have the same file open.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, handle.own, nullptr);
  ::close(handle.own);
  handles_.erase(found);
  forget(handle.free, handle.opaque);
  return 0;
}

void EpollLoop::forget(virFreeCallback free, void* opaque) {
  if (free == nullptr) return;
  forgotten_.emplace_back(free, opaque);
  wake();
}

void EpollLoop::arm(Timeout& timeout, int milliseconds) {
  timeout.milliseconds = milliseconds;
  timeout.due = milliseconds < 0 ? kNever : Clock::now() + std::chrono::milliseconds(milliseconds);
  // One that is put off is looked at when it would have been due, which happens less often than putting off.
  if (timeout.due < sleepsUntil_) wake();
}

int EpollLoop::addTimeout(int milliseconds, virEventTimeoutCallback callback, void* opaque, virFreeCallback free) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int number = nextNumber();
  arm(timeouts_.emplace(number, Timeout{-1, kNever, callback, opaque, free}).first->second, milliseconds);
  return number;
}

void EpollLoop::updateTimeout(int timer, int milliseconds) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = timeouts_.find(timer);
  if (found != timeouts_.end()) arm(found->second, milliseconds);
}

int EpollLoop::removeTimeout(int timer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = timeouts_.find(timer);
  if (found == timeouts_.end()) return -1;
  const Timeout timeout = found->second;
  timeouts_.erase(found);
  forget(timeout.free, timeout.opaque);
  return 0;
}

void EpollLoop::freeForgotten() {
  std::vector<std::pair<virFreeCallback, void*>> forgotten;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    forgotten.swap(forgotten_);
  }
  for (const auto& [free, opaque] : forgotten) free(opaque);
}

// Until the first timeout; -1 for ever. From here on changes wake the loop.
int EpollLoop::sleepMilliseconds() {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Freeing may have removed something.
  if (!forgotten_.empty()) return 0;
  Clock::time_point first = kNever;
  for (const auto& [number, timeout] : timeouts_) first = std::min(first, timeout.due);
  sleepsUntil_ = first;
  if (first == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now()).count();
  using Limits = std::numeric_limits<int>;
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, Limits::max()));
}

void EpollLoop::onHandle(int number, std::uint32_t epollEvents) {
  Handle handle;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = handles_.find(number);
    // Removed, or switched off, since it happened.
    if (found == handles_.end() || found->second.events == 0) return;
    handle = found->second;
  }
  const int events = fromEpoll(epollEvents) & (handle.events | VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP);
  if (events != 0) handle.callback(number, handle.fd, events, handle.opaque);
}

void EpollLoop::onTimeouts() {
  std::vector<std::pair<int, Clock::time_point>> due;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (timeouts_.empty()) return;
    const auto now = Clock::now();
    for (auto& [number, timeout] : timeouts_) {
      if (timeout.due > now) continue;
      timeout.due = now + std::chrono::milliseconds(timeout.milliseconds);
      due.emplace_back(number, timeout.due);
    }
  }
  for (const auto& [number, next] : due) {
    Timeout timeout;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = timeouts_.find(number);
      // Removed, switched off or put off since, perhaps by another callback.
      if (found == timeouts_.end() || found->second.due != next) continue;
      timeout = found->second;
    }
    timeout.callback(number, timeout.opaque);
  }
}

void EpollLoop::run() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    thread_ = std::this_thread::get_id();
  }
  std::array<epoll_event, 32> happened;
  for (;;) {
    freeForgotten();
    const int count = epoll_wait(epoll_, happened.data(), static_cast<int>(happened.size()), sleepMilliseconds());
    const int error = errno;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      sleepsUntil_ = kAwake;
    }
    if (count < 0 && error != EINTR) std::this_thread::sleep_for(kAfterFailure);
    for (int i = 0; i < count; i++) {
      const auto& event = happened.at(static_cast<std::size_t>(i));
      if (event.data.u64 == kWake) {
        std::uint64_t wakes = 0;
        // Nothing to read is no failure.
        if (read(wake_, &wakes, sizeof wakes) < 0) continue;
      } else {
        onHandle(static_cast<int>(event.data.u64), event.events);
      }
    }
    onTimeouts();
  }
}

}  // namespace lv
