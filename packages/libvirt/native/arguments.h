// SPDX-License-Identifier: LGPL-2.1-or-later
// Arguments from JavaScript, checked; each function throws a TypeError that names the argument. JavaScript's thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lv {

// Without a NUL, at which libvirt would cut the text off.
std::string textAt(const Napi::CallbackInfo& info, std::size_t index, const char* name);
// An array of what textAt takes.
std::vector<std::string> textsAt(const Napi::CallbackInfo& info, std::size_t index, const char* name);
// As textAt, or null.
std::optional<std::string> optionalTextAt(const Napi::CallbackInfo& info, std::size_t index, const char* name);
bool booleanAt(const Napi::CallbackInfo& info, std::size_t index, const char* name);
// A whole number that fits 32 bits without a sign.
std::uint32_t unsignedAt(const Napi::CallbackInfo& info, std::size_t index, const char* name);
// A whole number that fits 32 bits with a sign.
std::int32_t integerAt(const Napi::CallbackInfo& info, std::size_t index, const char* name);
inline std::uint32_t flagsAt(const Napi::CallbackInfo& info, std::size_t index) { return unsignedAt(info, index, "flags"); }

inline const char* orNull(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }

}  // namespace lv
