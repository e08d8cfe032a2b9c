// SPDX-License-Identifier: LGPL-2.1-or-later
#include "values.h"

namespace lv {
namespace {

struct ToObject {
  Napi::Env env;

  Napi::Value operator()(const LibvirtFailure& failure) const {
    Napi::Object object = named("libvirt", failure.message);
    object.Set("code", failure.code);
    object.Set("domain", failure.domain);
    object.Set("level", failure.level);
    object.Set("str1", toValue(env, failure.str1));
    object.Set("str2", toValue(env, failure.str2));
    object.Set("str3", toValue(env, failure.str3));
    object.Set("int1", failure.int1);
    object.Set("int2", failure.int2);
    return object;
  }
  Napi::Value operator()(const Disposed& failure) const { return named("disposed", failure.message); }
  Napi::Value operator()(const Unavailable& failure) const { return named("unavailable", failure.message); }

  Napi::Object named(const char* kind, const std::string& message) const {
    Napi::Object object = Napi::Object::New(env);
    object.Set("kind", kind);
    object.Set("message", message);
    return object;
  }
};

}  // namespace

Napi::Value toValue(Napi::Env env, const Failure& failure) { return std::visit(ToObject{env}, failure); }

}  // namespace lv
