// SPDX-License-Identifier: LGPL-2.1-or-later
// One connection, its thread and its queue: no two calls are ever in flight on one virConnectPtr.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "owned.h"

namespace lv {

// A libvirt object that belongs to a session. Only the connection's thread touches it.
class Child {
 public:
  Child() = default;
  virtual ~Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  virtual void release() noexcept = 0;
};

template <typename Traits>
class Object final : public Child {
 public:
  explicit Object(Owned<Traits> owned) : owned_(std::move(owned)) {}
  void release() noexcept override { owned_.reset(); }
  typename Traits::Pointer get() const {
    if (owned_ == nullptr) throw Failure(Disposed{std::string("the ") + Traits::kNoun + " was disposed"});
    return owned_.get();
  }

 private:
  Owned<Traits> owned_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Job = std::function<void(Session&)>;
  using Clock = std::chrono::steady_clock;

  // Starts the thread, which holds a reference until it ends. Throws std::system_error. Any thread.
  static std::shared_ptr<Session> start();

  // Queues a job; jobs run in the order of these calls. False after end, endWith or abandon. A number other than 0 names
  // the job for forget; numbers grow. Any thread.
  bool post(Job job, std::uint64_t number = 0);
  // Queues the last job. Any thread.
  bool endWith(Job job);
  // Takes a job out of the queue, if it did not begin. Any thread.
  void forget(std::uint64_t number);
  // Lets the thread finish the queue, close the connection and end. Any thread.
  void end();
  // As end, but forgets the jobs that did not begin, also one of endWith. Any thread.
  void abandon();
  // Whether it was abandoned. Any thread.
  bool isAbandoned() const noexcept { return abandoned_.load(); }
  // Whether the thread ended until then. Any thread.
  bool waitUntil(Clock::time_point deadline);

  // From now on calls fail at once. Any thread.
  void markLost() noexcept { lost_.store(true); }

  // The rest: only the connection's thread.

  void adoptConnection(virConnectPtr connection) { connection_ = connection; }
  virConnectPtr connection() const;
  template <typename Traits>
  std::shared_ptr<Object<Traits>> adopt(Owned<Traits> owned) {
    auto object = std::make_shared<Object<Traits>>(std::move(owned));
    children_.insert(object);
    return object;
  }
  void adopt(const std::shared_ptr<Child>& child) { children_.insert(child); }
  void release(const std::shared_ptr<Child>& child) noexcept;
  std::size_t childCount() const { return children_.size(); }
  // To unregister, and to keep, until the connection is closed.
  void setCloseCallback(virConnectCloseFunc callback, std::shared_ptr<void> watch) {
    closeCallback_ = callback;
    closeWatch_ = std::move(watch);
  }
  // libvirt's number of the callback that is registered for each event.
  std::unordered_map<int, int>& nodeDeviceCallbacks() { return nodeDeviceCallbacks_; }
  std::unordered_map<int, int>& domainCallbacks() { return domainCallbacks_; }

  // Frees every child and subscription, then the connection; the number of references that are left, 0 unless
  // something leaks. Does nothing the second time.
  int close() noexcept;

 private:
  void run() noexcept;
  void awaitWork(std::unique_lock<std::mutex>& lock);
  bool push(Job job, std::uint64_t number, bool last);

  std::mutex mutex_;
  std::condition_variable changed_;
  struct Queued {
    std::uint64_t number;
    Job job;
  };
  std::deque<Queued> queue_;
  // How many jobs the queue got: seen without the lock.
  std::atomic<std::size_t> pushed_{0};
  bool ending_ = false;
  bool ended_ = false;
  std::atomic<bool> lost_{false};
  std::atomic<bool> abandoned_{false};

  // The rest: only the connection's thread.

  // Whether the next call is expected at once.
  bool lingers_ = false;
  virConnectPtr connection_ = nullptr;
  virConnectCloseFunc closeCallback_ = nullptr;
  std::shared_ptr<void> closeWatch_;
  std::unordered_set<std::shared_ptr<Child>> children_;
  std::unordered_map<int, int> nodeDeviceCallbacks_;
  std::unordered_map<int, int> domainCallbacks_;
};

}  // namespace lv
