// SPDX-License-Identifier: LGPL-2.1-or-later
// A promise that waits for a job. Everything here runs on JavaScript's thread, unless it says otherwise.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "bridge.h"
#include "failure.h"

namespace lv {

class Calls;

// Settled once, by the job's result or by whoever gives the call up; jobs share it and may drop it on any thread.
class Call {
 public:
  Call(std::uint64_t number, std::shared_ptr<Session> session, std::shared_ptr<Bridge> bridge,
       Napi::Promise::Deferred deferred)
      : number(number), session(std::move(session)), bridge(std::move(bridge)), deferred(deferred) {}

  const std::uint64_t number;
  const std::shared_ptr<Session> session;
  const std::shared_ptr<Bridge> bridge;
  const Napi::Promise::Deferred deferred;
  // Whether the session has no other user: one that is being opened.
  bool ownsSession = false;
  // Written on JavaScript's thread; a job may look whether its result is still wanted.
  std::atomic<bool> settled{false};
};

// The calls of one environment that wait for an answer; each keeps the process alive.
class Calls {
 public:
  std::shared_ptr<Call> begin(Napi::Env env, std::shared_ptr<Session> session, std::shared_ptr<Bridge> bridge);
  // False when the call was settled before: the caller then discards its result.
  bool finish(Call& call);
  // Rejects a call at once with any value, and takes its job out of the queue if it did not begin. False when it is too late.
  bool giveUp(std::uint64_t number, Napi::Value reason);
  // As giveUp, for everything that waits for a session.
  void giveUpAll(Napi::Env env, const Session& session, const Failure& failure);
  // The number of the call that began last.
  std::uint64_t last() const { return next_ - 1; }

 private:
  std::unordered_map<std::uint64_t, std::shared_ptr<Call>> waiting_;
  std::uint64_t next_ = 1;
};

}  // namespace lv
