// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <napi.h>

namespace lv {

// Each adds its functions to the addon's exports. JavaScript's thread.
void addConnectionMethods(Napi::Env env, Napi::Object exports);
void addListMethods(Napi::Env env, Napi::Object exports);
void addNodeDeviceRecordMethods(Napi::Env env, Napi::Object exports);
void addDomainRecordMethods(Napi::Env env, Napi::Object exports);
void addNodeDeviceMethods(Napi::Env env, Napi::Object exports);
void addDomainMethods(Napi::Env env, Napi::Object exports);
void addStreamMethods(Napi::Env env, Napi::Object exports);

}  // namespace lv
