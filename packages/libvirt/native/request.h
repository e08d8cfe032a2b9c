// SPDX-License-Identifier: LGPL-2.1-or-later
// A call: JavaScript's thread asks, the connection's thread works, JavaScript's thread settles the promise.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace lv {

// Runs the work and returns the task that settles its promise. The connection's thread; never throws what the work threw.
template <typename Work>
Bridge::Task perform(Work& work, Session& session, Napi::Promise::Deferred deferred) {
  using Result = std::invoke_result_t<Work&, Session&>;
  std::shared_ptr<Failure> failure;
  try {
    if constexpr (std::is_void_v<Result>) {
      work(session);
      return [deferred](Napi::Env env) { deferred.Resolve(env.Undefined()); };
    } else {
      auto result = std::make_shared<Result>(work(session));
      return [deferred, result](Napi::Env env) { deferred.Resolve(toValue(env, *result)); };
    }
  } catch (const Failure& thrown) {
    failure = std::make_shared<Failure>(thrown);
  } catch (const std::exception& thrown) {
    failure = std::make_shared<Failure>(ownFailure(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, thrown.what()));
  }
  return [deferred, failure](Napi::Env env) { deferred.Reject(toValue(env, *failure)); };
}

// A promise of what the work returns. The queued job owns the work and what it captured. JavaScript's thread.
template <typename Work>
Napi::Value submit(Napi::Env env, Session& session, Work work, bool last = false) {
  const auto bridge = environmentOf(env).bridge;
  const auto deferred = Napi::Promise::Deferred::New(env);
  auto job = [bridge, deferred, work = std::move(work)](Session& running) mutable {
    bridge->post([bridge, task = perform(work, running, deferred)](Napi::Env jsEnv) {
      bridge->drop();
      task(jsEnv);
    });
  };
  bridge->hold();
  if (!(last ? session.endWith(std::move(job)) : session.post(std::move(job)))) {
    bridge->drop();
    deferred.Reject(toValue(env, Failure(Disposed{"the connection was closed"})));
  }
  return deferred.Promise();
}

// As submit, for a method whose first argument is a connection: the work takes its pointer.
template <typename Work>
Napi::Value onConnection(const Napi::CallbackInfo& info, Work work) {
  return submit(info.Env(), *refAt<ConnectionRef>(info, 0).session,
                [work = std::move(work)](Session& session) { return work(session.connection()); });
}

// As submit, for a method whose first argument is a device or a domain: the work takes its pointer.
template <typename Ref, typename Work>
Napi::Value onObject(const Napi::CallbackInfo& info, Work work) {
  const Ref& ref = refAt<Ref>(info, 0);
  return submit(info.Env(), *ref.session, [object = ref.object, work = std::move(work)](Session& session) {
    session.connection();
    return work(object->get());
  });
}

// A device or domain on its way to JavaScript.
struct NamedNodeDevice {
  NodeDeviceRef ref;
  std::string name;
};
struct NamedDomain {
  DomainRef ref;
  std::string name;
  std::string uuid;
};
// JavaScript's thread.
Napi::Value toValue(Napi::Env env, const NamedNodeDevice& device);
Napi::Value toValue(Napi::Env env, const NamedDomain& domain);
// Gives the object to the session, which frees it. The connection's thread.
NamedNodeDevice adopt(Session& session, Owned<NodeDeviceTraits> device);
NamedDomain adopt(Session& session, Owned<DomainTraits> domain);
std::string nameOf(virNodeDevicePtr device);
std::string nameOf(virDomainPtr domain);
std::string uuidOf(virDomainPtr domain);

}  // namespace lv
