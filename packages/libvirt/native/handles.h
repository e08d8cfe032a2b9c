// SPDX-License-Identifier: LGPL-2.1-or-later
// JavaScript's side of connections, devices and domains: opaque objects that own a reference.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <utility>

#include "session.h"

namespace lv {

// Its finalizer closes the connection, if nobody did.
struct ConnectionRef {
  std::shared_ptr<Session> session;
  // Whether this connection keeps the process alive now. JavaScript's thread.
  bool holds = false;

  static constexpr const char* kName = "connection";
  static constexpr napi_type_tag kTag = {0x6c69627669727401, 0x636f6e6e00000001};
  void forget() const noexcept { session->end(); }
};

// Its finalizer only posts to the connection's thread: freeing may wait for the daemon. Disposing it does the same.
template <typename Traits>
struct ObjectRef {
  std::shared_ptr<Session> session;
  std::shared_ptr<Object<Traits>> object;
  // What was disposed needs nothing when it is collected. JavaScript's thread.
  mutable bool forgotten = false;

  static const char* const kName;
  static const napi_type_tag kTag;
  void forget() const {
    if (std::exchange(forgotten, true)) return;
    session->post([object = object](Session& session) { session.release(object); });
  }
};
using NodeDeviceRef = ObjectRef<NodeDeviceTraits>;
using DomainRef = ObjectRef<DomainTraits>;

// An object for JavaScript that owns the reference; garbage collection deletes it. JavaScript's thread.
template <typename Ref>
Napi::Value wrap(Napi::Env env, Ref ref) {
  Napi::Object object = Napi::Object::New(env);
  auto owner = std::make_unique<Ref>(std::move(ref));
  const auto finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<Ref> ended(static_cast<Ref*>(data));
    ended->forget();
  };
  if (napi_wrap(env, object, owner.get(), finalize, nullptr, nullptr) != napi_ok) throw Napi::Error::New(env);
  owner.release();
  object.TypeTag(&Ref::kTag);
  return object;
}

// The reference in an argument; a TypeError for anything else. JavaScript's thread.
template <typename Ref>
Ref& refAt(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  void* data = nullptr;
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&Ref::kTag) ||
      napi_unwrap(info.Env(), value, &data) != napi_ok) {
    throw Napi::TypeError::New(info.Env(), std::string(Ref::kName) + " must be a handle of this kind");
  }
  return *static_cast<Ref*>(data);
}

}  // namespace lv
