// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bridge.h"

#include <algorithm>

namespace lv {
namespace {

// Long enough for every call that computes, short enough for nobody to notice a call that hangs.
constexpr std::chrono::milliseconds kExitWait{250};

}  // namespace

std::shared_ptr<Bridge> Bridge::start(Napi::Env env) {
  auto bridge = std::make_shared<Bridge>();
  bridge->env_ = env;
  const Napi::String name = Napi::String::New(env, "libvirt");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                                             call, &bridge->function_);
  if (status != napi_ok) throw Napi::Error::New(env, "cannot create a thread-safe function");
  napi_unref_threadsafe_function(env, bridge->function_);
  // After the function, because hooks run last in, first out: the bridge must close before Node frees the function.
  env.AddCleanupHook([bridge] { bridge->close(); });
  return bridge;
}

void Bridge::post(Task task) {
  // Before the lock, so that what a forgotten task owns is freed after it.
  auto data = std::make_unique<Task>(std::move(task));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (function_ == nullptr) return;
  if (napi_call_threadsafe_function(function_, data.get(), napi_tsfn_nonblocking) == napi_ok) data.release();
}

void Bridge::call(napi_env env, napi_value, void*, void* data) noexcept {
  const std::unique_ptr<Task> task(static_cast<Task*>(data));
  // Without an environment, Node only empties the queue.
  if (env == nullptr) return;
  try {
    (*task)(Napi::Env(env));
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  }
}

void Bridge::hold() {
  if (holds_++ == 0 && function_ != nullptr) napi_ref_threadsafe_function(env_, function_);
}

void Bridge::drop() {
  if (--holds_ == 0 && function_ != nullptr) napi_unref_threadsafe_function(env_, function_);
}

void Bridge::watch(const std::shared_ptr<Session>& session) {
  sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(), [](const auto& weak) { return weak.expired(); }),
                  sessions_.end());
  sessions_.push_back(session);
}

void Bridge::close() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    function_ = nullptr;
  }
  std::vector<std::shared_ptr<Session>> live;
  for (const auto& weak : sessions_) {
    if (auto session = weak.lock()) live.push_back(std::move(session));
  }
  sessions_.clear();
  for (const auto& session : live) session->abandon();
  const auto deadline = Session::Clock::now() + kExitWait;
  for (const auto& session : live) session->waitUntil(deadline);
}

}  // namespace lv
