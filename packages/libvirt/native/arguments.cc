// SPDX-License-Identifier: LGPL-2.1-or-later
#include "arguments.h"

#include <cmath>
#include <limits>

namespace lv {
namespace {

[[noreturn]] void refuse(const Napi::CallbackInfo& info, const char* name, const char* expected) {
  throw Napi::TypeError::New(info.Env(), std::string(name) + " must be " + expected);
}

template <typename Integer>
Integer wholeNumberAt(const Napi::CallbackInfo& info, std::size_t index, const char* name, const char* expected) {
  const Napi::Value value = info[index];
  if (!value.IsNumber()) refuse(info, name, expected);
  const double number = value.As<Napi::Number>().DoubleValue();
  using Limits = std::numeric_limits<Integer>;
  if (!(number >= Limits::min() && number <= Limits::max()) || std::trunc(number) != number) refuse(info, name, expected);
  return static_cast<Integer>(number);
}

}  // namespace

std::string textAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  const Napi::Value value = info[index];
  if (!value.IsString()) refuse(info, name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) refuse(info, name, "a string without NUL characters");
  return text;
}

std::optional<std::string> optionalTextAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  if (info[index].IsNull()) return std::nullopt;
  return textAt(info, index, name);
}

bool booleanAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  const Napi::Value value = info[index];
  if (!value.IsBoolean()) refuse(info, name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::uint32_t unsignedAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  return wholeNumberAt<std::uint32_t>(info, index, name, "a whole number from 0 to 4294967295 (after bit operations: >>> 0)");
}

std::int32_t integerAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  return wholeNumberAt<std::int32_t>(info, index, name, "a whole number from -2147483648 to 2147483647");
}

}  // namespace lv
