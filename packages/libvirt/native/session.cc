// SPDX-License-Identifier: LGPL-2.1-or-later
#include "session.h"

#include <sched.h>

#include <algorithm>

#include "thread.h"

namespace lv {
namespace {

// Who awaits call after call has the next one ready sooner than a sleeping thread wakes. So the thread looks for it so
// long before it sleeps, at the expense of nobody who wants the processor, but only while calls come that quickly.
constexpr std::chrono::microseconds kLinger{50};
// The same with the time to fall asleep and to wake.
constexpr std::chrono::microseconds kSoon{100};

}  // namespace

std::shared_ptr<Session> Session::start() {
  auto session = std::make_shared<Session>();
  startThread("libvirt-conn", [session] { session->run(); });
  return session;
}

bool Session::push(Job job, std::uint64_t number, bool last) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ending_) return false;
    queue_.push_back({number, std::move(job)});
    ending_ = last;
    pushed_.fetch_add(1, std::memory_order_release);
  }
  changed_.notify_all();
  return true;
}

bool Session::post(Job job, std::uint64_t number) { return push(std::move(job), number, false); }

bool Session::endWith(Job job) { return push(std::move(job), 0, true); }

void Session::forget(std::uint64_t number) {
  // Freed after the lock.
  Job forgotten;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(queue_.begin(), queue_.end(), [=](const Queued& queued) { return queued.number == number; });
  if (found == queue_.end()) return;
  forgotten = std::move(found->job);
  queue_.erase(found);
}

void Session::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void Session::abandon() {
  abandoned_.store(true);
  std::deque<Queued> forgotten;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    forgotten.swap(queue_);
  }
  changed_.notify_all();
}

bool Session::waitUntil(Clock::time_point deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return ended_; });
}

void Session::awaitWork(std::unique_lock<std::mutex>& lock) {
  const auto hasWork = [this] { return ending_ || !queue_.empty(); };
  if (hasWork()) return;
  const auto begun = Clock::now();
  if (lingers_) {
    const auto pushed = pushed_.load(std::memory_order_relaxed);
    lock.unlock();
    while (pushed_.load(std::memory_order_acquire) == pushed && Clock::now() - begun < kLinger) sched_yield();
    lock.lock();
  }
  changed_.wait(lock, hasWork);
  lingers_ = Clock::now() - begun < kSoon;
}

void Session::run() noexcept {
  for (;;) {
    Job job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      awaitWork(lock);
      if (queue_.empty()) break;
      job = std::move(queue_.front().job);
      queue_.pop_front();
    }
    job(*this);
  }
  close();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

virConnectPtr Session::connection() const {
  // libvirt's own numbers for a lost connection, so that callers need to know only one.
  if (lost_.load()) throw Failure(ownFailure(VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "the connection was lost"));
  if (connection_ == nullptr) throw Failure(Disposed{"the connection was closed"});
  return connection_;
}

void Session::release(const std::shared_ptr<Child>& child) noexcept {
  child->release();
  children_.erase(child);
}

int Session::close() noexcept {
  if (connection_ == nullptr) return 0;
  const Symbols& lib = library();
  for (const auto& child : children_) child->release();
  children_.clear();
  for (const auto& [event, id] : nodeDeviceCallbacks_) lib.virConnectNodeDeviceEventDeregisterAny(connection_, id);
  for (const auto& [event, id] : domainCallbacks_) lib.virConnectDomainEventDeregisterAny(connection_, id);
  nodeDeviceCallbacks_.clear();
  domainCallbacks_.clear();
  if (closeCallback_ != nullptr) lib.virConnectUnregisterCloseCallback(connection_, closeCallback_);
  closeWatch_.reset();
  const int left = lib.virConnectClose(connection_);
  connection_ = nullptr;
  return left;
}

}  // namespace lv
