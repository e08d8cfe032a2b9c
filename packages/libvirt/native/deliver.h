// SPDX-License-Identifier: LGPL-2.1-or-later
// From libvirt's event thread to JavaScript's dispatcher.
#pragma once

#include <napi.h>

#include <utility>

#include "environment.h"
#include "values.h"

namespace lv {

// Gives an event to JavaScript. libvirt's event thread.
template <typename Event>
void deliver(Bridge& bridge, int token, Event event) {
  event.token = token;
  bridge.post([event = std::move(event)](Napi::Env env) {
    const Napi::FunctionReference& dispatcher = environmentOf(env).dispatcher;
    if (!dispatcher.IsEmpty()) dispatcher.Call({toValue(env, event)});
  });
}

// An exception must not pass through libvirt's C frames: the event is dropped instead, which only a process that is out
// of memory, or a libvirt that names no name, can bring about.
template <typename Build>
void guarded(Build build) noexcept {
  try {
    build();
  } catch (...) {
  }
}

}  // namespace lv
