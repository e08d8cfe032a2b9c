// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <napi.h>

#include <memory>

#include "bridge.h"
#include "call.h"

namespace lv {

// What one JavaScript environment owns; Node deletes it at the environment's end, on JavaScript's thread.
struct Environment {
  std::shared_ptr<Bridge> bridge;
  // Takes every event.
  Napi::FunctionReference dispatcher;
  Calls calls;
};

inline Environment& environmentOf(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

}  // namespace lv
