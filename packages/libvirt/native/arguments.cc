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

namespace {

std::string textOf(const Napi::CallbackInfo& info, const Napi::Value& value, const char* name) {
  if (!value.IsString()) refuse(info, name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) refuse(info, name, "a string without NUL characters");
  return text;
}

}  // namespace

std::string textAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  return textOf(info, info[index], name);
}

std::vector<std::string> textsAt(const Napi::CallbackInfo& info, std::size_t index, const char* name) {
  if (!info[index].IsArray()) refuse(info, name, "an array of strings");
  const auto array = info[index].As<Napi::Array>();
  std::vector<std::string> texts;
  texts.reserve(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); i++) {
    // A long list must not keep a handle for each text until the end.
    const Napi::HandleScope scope(info.Env());
    texts.push_back(textOf(info, array.Get(i), name));
  }
  return texts;
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
