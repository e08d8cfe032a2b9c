// SPDX-License-Identifier: LGPL-2.1-or-later
// The way from any thread to one JavaScript environment (the main thread or a worker).
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "session.h"

namespace lv {

class Bridge {
 public:
  using Task = std::function<void(Napi::Env)>;

  // JavaScript's thread. The environment's clean-up closes the bridge.
  static std::shared_ptr<Bridge> start(Napi::Env env);

  // Runs a task on JavaScript's thread, in the order of these calls; forgets it when the environment has ended. Any thread.
  void post(Task task);

  // The rest: only JavaScript's thread.

  // Keeps the process alive until as many calls of drop.
  void hold();
  void drop();
  // A connection to end when the environment ends.
  void watch(const std::shared_ptr<Session>& session);
  // Delivers nothing any more, ends every connection, and waits a bounded time for the calls in flight.
  void close() noexcept;

 private:
  static void call(napi_env env, napi_value function, void* context, void* data) noexcept;

  std::mutex mutex_;
  // Null after close: Node frees it at the end of the environment.
  napi_threadsafe_function function_ = nullptr;
  std::size_t holds_ = 0;
  std::vector<std::weak_ptr<Session>> sessions_;
  napi_env env_ = nullptr;
};

}  // namespace lv
