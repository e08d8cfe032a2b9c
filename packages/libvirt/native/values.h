// SPDX-License-Identifier: LGPL-2.1-or-later
// Results as JavaScript values. Everything here runs on JavaScript's thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "failure.h"

namespace lv {

inline Napi::Value toValue(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }
// Bytes that are no text.
struct Bytes {
  std::string data;
};
inline Napi::Value toValue(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data.data(), bytes.data.size());
}
inline Napi::Value toValue(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }
inline Napi::Value toValue(Napi::Env env, int value) { return Napi::Number::New(env, value); }
inline Napi::Value toValue(Napi::Env env, unsigned int value) { return Napi::Number::New(env, value); }
inline Napi::Value toValue(Napi::Env env, std::uint64_t value) { return Napi::BigInt::New(env, value); }

template <typename T>
Napi::Value toValue(Napi::Env env, const std::optional<T>& value) {
  return value ? toValue(env, *value) : env.Null();
}

struct AddNothing {
  template <typename T>
  void operator()(const char*, const T&) const {}
};

// A struct says with `void describe(Add) const` which properties it becomes.
template <typename Record>
auto toValue(Napi::Env env, const Record& record) -> decltype(record.describe(AddNothing{}), Napi::Value()) {
  Napi::Object object = Napi::Object::New(env);
  record.describe([&](const char* name, const auto& value) { object.Set(name, toValue(env, value)); });
  return object;
}

template <typename T>
Napi::Value toValue(Napi::Env env, const std::vector<T>& items) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (std::uint32_t i = 0; i < items.size(); i++) {
    // A long list must not keep a handle for each property until the end.
    const Napi::HandleScope scope(env);
    array.Set(i, toValue(env, items[i]));
  }
  return array;
}

// The plain object that the facade turns into an error.
Napi::Value toValue(Napi::Env env, const Failure& failure);

}  // namespace lv
