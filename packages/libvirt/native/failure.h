// SPDX-License-Identifier: LGPL-2.1-or-later
// Why a call failed, as plain data that can leave the thread on which it failed.
#pragma once

#include <optional>
#include <string>
#include <variant>

namespace lv {

struct LibvirtFailure {
  int code;
  int domain;
  int level;
  std::string message;
  std::optional<std::string> str1;
  std::optional<std::string> str2;
  std::optional<std::string> str3;
  int int1;
  int int2;
};

// The connection was closed, or the object released, before the call.
struct Disposed {
  std::string message;
};

// libvirt's library cannot be used.
struct Unavailable {
  std::string message;
};

using Failure = std::variant<LibvirtFailure, Disposed, Unavailable>;

// A copy of libvirt's error of the last call on this thread. Must come before any vir*Free, which resets it.
LibvirtFailure lastFailure();

// A failure that libvirt itself did not report.
LibvirtFailure ownFailure(int code, int domain, std::string message);

// Throws lastFailure() when a libvirt call returned its sign of failure. The thread of that call.
template <typename Result>
Result check(Result result) {
  if constexpr (std::is_pointer_v<Result>) {
    if (result == nullptr) throw Failure(lastFailure());
  } else {
    if (result < 0) throw Failure(lastFailure());
  }
  return result;
}

}  // namespace lv
