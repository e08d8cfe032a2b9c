// SPDX-License-Identifier: LGPL-2.1-or-later
// The addon's entry: loads without libvirt, which is opened with the first connection.
#include "environment.h"
#include "methods.h"

namespace lv {
namespace {

// JavaScript's thread; the environment owns the reference.
Napi::Value setDispatcher(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "dispatch must be a function");
  environmentOf(info.Env()).dispatcher = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

// JavaScript's thread; for the end of the process.
Napi::Value shutdown(const Napi::CallbackInfo& info) {
  environmentOf(info.Env()).bridge->close();
  return info.Env().Undefined();
}

// JavaScript's thread; the number of the call that the environment made last.
Napi::Value lastCall(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(environmentOf(info.Env()).calls.last()));
}

// JavaScript's thread. Whether the call was still waiting.
Napi::Value giveUp(const Napi::CallbackInfo& info) {
  const double number = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  const bool waited = number >= 1 && environmentOf(info.Env()).calls.giveUp(static_cast<std::uint64_t>(number), info[1]);
  return Napi::Boolean::New(info.Env(), waited);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<Environment>();
  environment->bridge = Bridge::start(env);
  env.SetInstanceData(environment.release());
  exports.Set("setDispatcher", Napi::Function::New<setDispatcher>(env));
  exports.Set("shutdown", Napi::Function::New<shutdown>(env));
  exports.Set("lastCall", Napi::Function::New<lastCall>(env));
  exports.Set("giveUp", Napi::Function::New<giveUp>(env));
  addConnectionMethods(env, exports);
  addListMethods(env, exports);
  addNodeDeviceRecordMethods(env, exports);
  addDomainRecordMethods(env, exports);
  addNodeDeviceMethods(env, exports);
  addDomainMethods(env, exports);
  addStreamMethods(env, exports);
  return exports;
}

}  // namespace
}  // namespace lv

// The macro wants a function without a namespace.
static Napi::Object initialize(Napi::Env env, Napi::Object exports) { return lv::initialize(env, exports); }

NODE_API_MODULE(libvirt, initialize)
