// SPDX-License-Identifier: LGPL-2.1-or-later
// From libvirt's event thread to JavaScript's dispatcher.
#pragma once

#include <napi.h>

#include <memory>

#include "bridge.h"

namespace lv {

// Calls back, through the dispatcher, when libvirt loses the connection. The connection's thread.
void watchConnection(Session& session, const std::shared_ptr<Bridge>& bridge, int token);

Napi::Value subscribeNodeDevice(const Napi::CallbackInfo& info);
Napi::Value subscribeDomain(const Napi::CallbackInfo& info);
Napi::Value unsubscribeNodeDevice(const Napi::CallbackInfo& info);
Napi::Value unsubscribeDomain(const Napi::CallbackInfo& info);

}  // namespace lv
