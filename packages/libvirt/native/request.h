// SPDX-License-Identifier: LGPL-2.1-or-later
// A call: JavaScript's thread asks, the connection's thread works, JavaScript's thread settles the promise.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace lv {

// An object on its way to JavaScript.
template <typename Traits>
struct Named {
  ObjectRef<Traits> ref;
  std::string name;
  // Only of a domain.
  std::string uuid;
};
using NamedNodeDevice = Named<NodeDeviceTraits>;
using NamedDomain = Named<DomainTraits>;
// JavaScript's thread.
Napi::Value toValue(Napi::Env env, const NamedNodeDevice& device);
Napi::Value toValue(Napi::Env env, const NamedDomain& domain);

// The result of work that returns none.
struct Nothing {};
inline Napi::Value toValue(Napi::Env env, Nothing) { return env.Undefined(); }

// Frees what a result owns that nobody waits for any more. JavaScript's thread, like settle and reject.
template <typename T>
void discard(const T&) {}
template <typename Traits>
void discard(const Named<Traits>& named) {
  named.ref.forget();
}
template <typename T>
void discard(const std::vector<T>& items) {
  for (const auto& item : items) discard(item);
}

// Resolves with a result, unless the call was given up meanwhile.
template <typename Result>
void settle(Napi::Env env, Call& call, const Result& result) {
  if (!environmentOf(env).calls.finish(call)) {
    discard(result);
    return;
  }
  try {
    call.deferred.Resolve(toValue(env, result));
  } catch (const Napi::Error& error) {
    // A text that is too long for JavaScript, for example.
    call.deferred.Reject(error.Value());
  }
}

inline void reject(Napi::Env env, Call& call, const Failure& failure) {
  if (environmentOf(env).calls.finish(call)) call.deferred.Reject(toValue(env, failure));
}

// Ends a batch whose result nobody waits for any more; to be called between its items. The connection's thread.
inline void throwUnlessWanted(const Session& session, const Call& call) {
  if (call.settled || session.isAbandoned()) throw Failure(Disposed{"the call was given up"});
}

// Work takes its session, and its call where it looks whether it is still wanted.
template <typename Work>
decltype(auto) runWork(Work& work, Session& session, const Call& call) {
  if constexpr (std::is_invocable_v<Work&, Session&, const Call&>) {
    return work(session, call);
  } else {
    return work(session);
  }
}

// Runs the work and returns the task that settles its promise. The connection's thread; never throws what the work threw.
template <typename Work>
Bridge::Task perform(Work& work, Session& session, const std::shared_ptr<Call>& call) {
  using Result = decltype(runWork(work, session, *call));
  std::shared_ptr<Failure> failure;
  try {
    if constexpr (std::is_void_v<Result>) {
      runWork(work, session, *call);
      return [call](Napi::Env env) { settle(env, *call, Nothing{}); };
    } else {
      auto result = std::make_shared<Result>(runWork(work, session, *call));
      return [call, result](Napi::Env env) { settle(env, *call, *result); };
    }
  } catch (const Failure& thrown) {
    failure = std::make_shared<Failure>(thrown);
  } catch (const std::exception& thrown) {
    failure = std::make_shared<Failure>(ownFailure(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, thrown.what()));
  }
  return [call, failure](Napi::Env env) { reject(env, *call, *failure); };
}

// How a call goes with its session.
enum class Role {
  kUse,
  // The session has no other user yet, and ends when nobody waits for this call.
  kOpen,
  // The session takes no work after it.
  kLast,
};

// A promise of what the work returns. The queued job owns the work and what it captured. JavaScript's thread.
template <typename Work>
Napi::Value submit(Napi::Env env, const std::shared_ptr<Session>& session, Work work, Role role = Role::kUse) {
  Environment& environment = environmentOf(env);
  const auto call = environment.calls.begin(env, session, environment.bridge);
  call->ownsSession = role == Role::kOpen;
  auto job = [call, work = std::move(work)](Session& running) mutable {
    call->bridge->post(perform(work, running, call));
  };
  const bool queued = role == Role::kLast ? session->endWith(std::move(job)) : session->post(std::move(job), call->number);
  if (!queued) reject(env, *call, Failure(Disposed{"the connection was closed"}));
  return call->deferred.Promise();
}

// As submit, for a method whose first argument is a connection: the work takes its pointer.
template <typename Work>
Napi::Value onConnection(const Napi::CallbackInfo& info, Work work) {
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session,
                [work = std::move(work)](Session& session) { return work(session.connection()); });
}

// As submit, for a method whose first argument is a device or a domain: the work takes its pointer.
template <typename Ref, typename Work>
Napi::Value onObject(const Napi::CallbackInfo& info, Work work) {
  const Ref& ref = refAt<Ref>(info, 0);
  return submit(info.Env(), ref.session, [object = ref.object, work = std::move(work)](Session& session) {
    session.connection();
    return work(object->get());
  });
}

// Gives the object to the session, which frees it. The connection's thread.
NamedNodeDevice adopt(Session& session, Owned<NodeDeviceTraits> device);
NamedDomain adopt(Session& session, Owned<DomainTraits> domain);
std::string nameOf(virNodeDevicePtr device);
std::string nameOf(virDomainPtr domain);
std::string uuidOf(virDomainPtr domain);

}  // namespace lv
