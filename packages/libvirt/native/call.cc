// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call.h"

#include <vector>

#include "values.h"

namespace lv {

std::shared_ptr<Call> Calls::begin(Napi::Env env, std::shared_ptr<Session> session, std::shared_ptr<Bridge> bridge) {
  auto call = std::make_shared<Call>(next_++, std::move(session), std::move(bridge), Napi::Promise::Deferred::New(env));
  waiting_.emplace(call->number, call);
  call->bridge->hold();
  return call;
}

bool Calls::finish(Call& call) {
  if (call.settled) return false;
  call.settled = true;
  call.bridge->drop();
  waiting_.erase(call.number);
  return true;
}

bool Calls::giveUp(std::uint64_t number, Napi::Value reason) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return false;
  const std::shared_ptr<Call> call = found->second;
  finish(*call);
  call->session->forget(number);
  if (call->ownsSession) call->session->end();
  call->deferred.Reject(reason);
  return true;
}

void Calls::giveUpAll(Napi::Env env, const Session& session, const Failure& failure) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, call] : waiting_) {
    if (call->session.get() == &session) numbers.push_back(number);
  }
  for (const auto number : numbers) giveUp(number, toValue(env, failure));
}

}  // namespace lv
