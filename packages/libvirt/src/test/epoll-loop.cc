// SPDX-License-Identifier: LGPL-2.1-or-later
// What libvirt may do to its event loop, without libvirt. Prints what does not hold; exits 1 then.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "../../native/epoll_loop.h"

namespace {

constexpr std::chrono::seconds kPatience{30};

std::atomic<int> failures{0};
// Whether the kernel has no room for another file that is watched.
std::atomic<bool> isFull{false};
// What the kernel has told of files, whether anybody wished it or not.
std::atomic<int> tellings{0};

#define HOLDS(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      failures++;                                                     \
      std::fprintf(stderr, "line %d: not %s\n", __LINE__, #condition); \
    }                                                                 \
  } while (false)

// What one handle or timeout saw.
struct Seen {
  lv::EpollLoop* loop = nullptr;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<int> calls{0};
  std::atomic<int> events{0};
  std::atomic<int> frees{0};
  bool inside = false;
  bool freedInside = false;
  // Runs in the callback, with the number of the handle or timeout.
  std::function<void(int)> also;

  // Once the callback that made it so has done everything.
  bool eventually(const std::function<bool()>& condition) {
    std::unique_lock<std::mutex> lock(mutex);
    return changed.wait_for(lock, kPatience, [&] { return !inside && condition(); });
  }
  bool freed() {
    return eventually([this] { return frees == 1; }) && !freedInside;
  }
  void happened(int number, int what) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      inside = true;
      calls++;
      events |= what;
    }
    if (also) also(number);
    const std::lock_guard<std::mutex> lock(mutex);
    inside = false;
    changed.notify_all();
  }
};

void onHandle(int watch, int, int events, void* opaque) { static_cast<Seen*>(opaque)->happened(watch, events); }
void onTimeout(int timer, void* opaque) { static_cast<Seen*>(opaque)->happened(timer, 0); }
void onFree(void* opaque) {
  Seen& seen = *static_cast<Seen*>(opaque);
  const std::lock_guard<std::mutex> lock(seen.mutex);
  seen.freedInside = seen.inside;
  seen.frees++;
  seen.changed.notify_all();
}

struct Pair {
  int ours = -1;
  int peer = -1;
  Pair() {
    int both[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) std::abort();
    ours = both[0];
    peer = both[1];
  }
  ~Pair() {
    close(ours);
    close(peer);
  }
  void send() const {
    if (write(peer, "x", 1) != 1) std::abort();
  }
  void take() const {
    char byte;
    if (read(ours, &byte, 1) != 1) std::abort();
  }
};

// The loop has looked at everything that was so when this was called. Freeing begins a round, so that the second timeout
// comes after a look that began later than the call.
void lookedAtAll(lv::EpollLoop& loop) {
  for (int round = 1; round <= 2; round++) {
    Seen turn;
    turn.also = [&](int timer) { loop.removeTimeout(timer); };
    loop.addTimeout(0, onTimeout, &turn, onFree);
    HOLDS(turn.freed());
  }
}

void handles(lv::EpollLoop& loop) {
  Pair pair;
  Seen first;
  Seen second;
  const int one = loop.addHandle(pair.ours, VIR_EVENT_HANDLE_READABLE, onHandle, &first, onFree);
  const int two = loop.addHandle(pair.ours, 0, onHandle, &second, onFree);
  HOLDS(one > 0 && two > 0 && one != two);
  pair.send();
  HOLDS(first.eventually([&] { return first.calls > 0; }));
  loop.updateHandle(one, 0);
  loop.updateHandle(two, VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_WRITABLE);
  HOLDS(second.eventually([&] { return second.events == (VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_WRITABLE); }));
  loop.updateHandle(two, 0);
  // Both are off: nothing may be called, not even for the peer's end.
  lookedAtAll(loop);
  const int before = first.calls + second.calls;
  const int told = tellings;
  shutdown(pair.peer, SHUT_RDWR);
  for (int look = 0; look < 5; look++) lookedAtAll(loop);
  HOLDS(first.calls + second.calls == before);
  // Once for each at most, or the loop would never sleep.
  HOLDS(tellings - told <= 2);
  loop.updateHandle(one, VIR_EVENT_HANDLE_READABLE);
  HOLDS(first.eventually([&] { return (first.events & VIR_EVENT_HANDLE_HANGUP) != 0; }));
  HOLDS(loop.removeHandle(one) == 0 && loop.removeHandle(two) == 0);
  HOLDS(first.freed() && second.freed());
  HOLDS(loop.removeHandle(one) == -1 && loop.removeHandle(INT_MAX) == -1);
  loop.updateHandle(one, VIR_EVENT_HANDLE_READABLE);
}

void removedInItsCallback(lv::EpollLoop& loop) {
  Pair pair;
  Seen seen;
  seen.also = [&](int watch) { HOLDS(loop.removeHandle(watch) == 0); };
  pair.send();
  loop.addHandle(pair.ours, VIR_EVENT_HANDLE_READABLE, onHandle, &seen, onFree);
  HOLDS(seen.freed());
  HOLDS(seen.calls == 1);
  Seen timer;
  timer.also = [&](int number) { HOLDS(loop.removeTimeout(number) == 0); };
  loop.addTimeout(0, onTimeout, &timer, onFree);
  HOLDS(timer.freed());
  HOLDS(timer.calls == 1);
}

// Switched on again it works, also where nothing new can be watched.
void switchedOnWhenTheKernelIsFull(lv::EpollLoop& loop) {
  const Pair pair;
  Seen seen;
  Seen other;
  const int watch = loop.addHandle(pair.ours, VIR_EVENT_HANDLE_READABLE, onHandle, &seen, onFree);
  loop.updateHandle(watch, 0);
  isFull = true;
  HOLDS(loop.addHandle(pair.peer, VIR_EVENT_HANDLE_READABLE, onHandle, &other, onFree) == -1);
  HOLDS(loop.addHandle(pair.peer, 0, onHandle, &other, onFree) == -1);
  pair.send();
  loop.updateHandle(watch, VIR_EVENT_HANDLE_READABLE);
  HOLDS(seen.eventually([&] { return seen.calls > 0; }));
  isFull = false;
  HOLDS(loop.removeHandle(watch) == 0 && seen.freed());
}

// Its number may name another file at once.
void closedBeforeItIsRemoved(lv::EpollLoop& loop) {
  Seen seen;
  Pair pair;
  const int watch = loop.addHandle(pair.ours, VIR_EVENT_HANDLE_READABLE, onHandle, &seen, onFree);
  {
    const Pair other;
    other.send();
    dup2(other.ours, pair.ours);
    lookedAtAll(loop);
    HOLDS(seen.calls == 0);
  }
  HOLDS(loop.removeHandle(watch) == 0 && seen.freed());
  // The peer is told of the end only now that nobody watches.
  char byte;
  HOLDS(read(pair.peer, &byte, 1) == 0);
  const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  Seen never;
  HOLDS(loop.addHandle(file, VIR_EVENT_HANDLE_READABLE, onHandle, &never, onFree) == -1);
  close(file);
  HOLDS(loop.addHandle(file, VIR_EVENT_HANDLE_READABLE, onHandle, &never, onFree) == -1);
}

void timeouts(lv::EpollLoop& loop) {
  Seen always;
  const int zero = loop.addTimeout(0, onTimeout, &always, onFree);
  HOLDS(always.eventually([&] { return always.calls > 100; }));
  loop.updateTimeout(zero, -1);
  // One may be on its way.
  lookedAtAll(loop);
  const int calls = always.calls;
  lookedAtAll(loop);
  HOLDS(always.calls == calls);
  // The loop sleeps for ever now.
  const auto start = std::chrono::steady_clock::now();
  loop.updateTimeout(zero, 20);
  HOLDS(always.eventually([&] { return always.calls > calls + 2; }));
  HOLDS(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(60));
  // Sooner than it sleeps for, then later.
  loop.updateTimeout(zero, INT_MAX);
  loop.updateTimeout(zero, 1);
  const int now = always.calls;
  HOLDS(always.eventually([&] { return always.calls > now; }));
  HOLDS(loop.removeTimeout(zero) == 0 && loop.removeTimeout(zero) == -1 && always.freed());
  loop.updateTimeout(zero, 0);
}

// Whichever of two due ones comes first puts the other off.
void putOffByAnother(lv::EpollLoop& loop) {
  Seen one;
  Seen two;
  std::atomic<int> first{0};
  std::atomic<int> second{0};
  one.also = [&](int) { loop.updateTimeout(second, 3'600'000); };
  two.also = [&](int) { loop.updateTimeout(first, 3'600'000); };
  // Made on the loop's thread, so that both are due before it looks.
  Seen starter;
  starter.also = [&](int timer) {
    first = loop.addTimeout(0, onTimeout, &one, onFree);
    second = loop.addTimeout(0, onTimeout, &two, onFree);
    loop.removeTimeout(timer);
  };
  loop.addTimeout(0, onTimeout, &starter, onFree);
  HOLDS(starter.freed());
  lookedAtAll(loop);
  HOLDS((one.calls == 0) != (two.calls == 0));
  HOLDS(loop.removeTimeout(first) == 0 && loop.removeTimeout(second) == 0);
  HOLDS(one.freed() && two.freed());
}

// The sleeping loop hears of a timeout each time, however the change meets its falling asleep.
void neverMissed(lv::EpollLoop& loop, int rounds) {
  Seen seen;
  const int timer = loop.addTimeout(-1, onTimeout, &seen, onFree);
  seen.also = [&](int number) { loop.updateTimeout(number, -1); };
  for (int round = 1; round <= rounds; round++) {
    loop.updateTimeout(timer, 0);
    if (!seen.eventually([&] { return seen.calls >= round; })) {
      HOLDS(!"every wake-up comes");
      break;
    }
  }
  loop.removeTimeout(timer);
  HOLDS(seen.freed());
}

// As virNetClient uses it: handles switched on and off around every call, beside timeouts, on many threads.
void everythingAtOnce(lv::EpollLoop& loop, unsigned int seed, int rounds) {
  std::mt19937 random(seed);
  const auto upTo = [&](int most) { return static_cast<int>(random() % static_cast<unsigned int>(most + 1)); };
  for (int round = 0; round < rounds; round++) {
    const Pair pair;
    Seen handle;
    Seen timeout;
    handle.also = [&](int watch) {
      pair.take();
      loop.updateHandle(watch, 0);
    };
    const int watch = loop.addHandle(pair.ours, 0, onHandle, &handle, onFree);
    const int timer = loop.addTimeout(upTo(2) - 1, onTimeout, &timeout, onFree);
    for (int call = 1; call <= 20; call++) {
      loop.updateTimeout(timer, upTo(3) - 1);
      pair.send();
      loop.updateHandle(watch, VIR_EVENT_HANDLE_READABLE);
      if (!handle.eventually([&] { return handle.calls >= call; })) HOLDS(!"every byte is told of");
    }
    HOLDS(loop.removeHandle(watch) == 0 && loop.removeTimeout(timer) == 0);
    HOLDS(handle.freed() && timeout.freed());
  }
}

}  // namespace

extern "C" int __real_epoll_ctl(int epoll, int change, int fd, epoll_event* event);
extern "C" int __wrap_epoll_ctl(int epoll, int change, int fd, epoll_event* event) {
  if (!isFull || change != EPOLL_CTL_ADD) return __real_epoll_ctl(epoll, change, fd, event);
  errno = ENOSPC;
  return -1;
}

extern "C" int __real_epoll_wait(int epoll, epoll_event* events, int most, int milliseconds);
extern "C" int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int milliseconds) {
  const int count = __real_epoll_wait(epoll, events, most, milliseconds);
  // The loop's own file is 0.
  for (int i = 0; i < count; i++) tellings += events[i].data.u64 == 0 ? 0 : 1;
  return count;
}

int main() {
  // Its numbers start again at once.
  auto* loop = new lv::EpollLoop(INT_MAX - 3);
  Seen oldest;
  const int first = loop->addTimeout(-1, onTimeout, &oldest, onFree);
  std::thread([loop] { loop->run(); }).detach();
  handles(*loop);
  removedInItsCallback(*loop);
  switchedOnWhenTheKernelIsFull(*loop);
  closedBeforeItIsRemoved(*loop);
  timeouts(*loop);
  putOffByAnother(*loop);
  neverMissed(*loop, 5'000);
  std::vector<std::thread> threads;
  for (unsigned int seed = 1; seed <= 4; seed++) threads.emplace_back([=] { everythingAtOnce(*loop, seed, 50); });
  for (auto& thread : threads) thread.join();
  HOLDS(loop->removeTimeout(first) == 0 && oldest.freed());
  std::fflush(stderr);
  _exit(failures == 0 ? 0 : 1);
}
