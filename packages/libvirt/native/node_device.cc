// SPDX-License-Identifier: LGPL-2.1-or-later
// Methods of a node device. Each starts on JavaScript's thread and makes its libvirt call on the connection's thread,
// which also frees what libvirt allocated, in the same job.
#include "arguments.h"
#include "methods.h"
#include "node_device.h"
#include "request.h"

namespace lv {

std::optional<std::string> parentOf(virNodeDevicePtr device) {
  const Symbols& lib = library();
  lib.virResetLastError();
  // libvirt keeps the string with the device.
  const char* parent = lib.virNodeDeviceGetParent(device);
  if (parent != nullptr) return parent;
  if (lib.virGetLastError() == nullptr) return std::nullopt;
  LibvirtFailure failure = lastFailure();
  // The root of the tree is reported as an internal error of the driver that was asked.
  const bool noParent = failure.code == VIR_ERR_INTERNAL_ERROR && failure.domain != VIR_FROM_RPC && failure.domain != VIR_FROM_REMOTE;
  if (noParent) return std::nullopt;
  throw Failure(std::move(failure));
}

namespace {

template <typename Work>
Napi::Value onDevice(const Napi::CallbackInfo& info, Work work) {
  return onObject<NodeDeviceRef>(info, std::move(work));
}

// Only posts: the freeing happens after the calls already made.
Napi::Value release(const Napi::CallbackInfo& info) {
  refAt<NodeDeviceRef>(info, 0).forget();
  return info.Env().Undefined();
}

Napi::Value getParent(const Napi::CallbackInfo& info) { return onDevice(info, parentOf); }

Napi::Value listCaps(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) {
    std::vector<char*> names(static_cast<std::size_t>(check(library().virNodeDeviceNumOfCaps(device))));
    const int count = check(library().virNodeDeviceListCaps(device, names.data(), static_cast<int>(names.size())));
    names.resize(static_cast<std::size_t>(count));
    std::vector<std::unique_ptr<char, FreeMemory>> owners(names.begin(), names.end());
    return std::vector<std::string>(names.begin(), names.end());
  });
}

Napi::Value getXmlDesc(const Napi::CallbackInfo& info) {
  return onDevice(info, [flags = flagsAt(info, 1)](virNodeDevicePtr device) {
    return take(library().virNodeDeviceGetXMLDesc(device, flags));
  });
}

Napi::Value create(const Napi::CallbackInfo& info) {
  return onDevice(info, [flags = flagsAt(info, 1)](virNodeDevicePtr device) {
    check(library().virNodeDeviceCreate(device, flags));
  });
}

Napi::Value destroy(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) { check(library().virNodeDeviceDestroy(device)); });
}

Napi::Value undefine(const Napi::CallbackInfo& info) {
  return onDevice(info, [flags = flagsAt(info, 1)](virNodeDevicePtr device) {
    check(library().virNodeDeviceUndefine(device, flags));
  });
}

Napi::Value getAutostart(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) {
    int autostart = 0;
    check(library().virNodeDeviceGetAutostart(device, &autostart));
    return autostart != 0;
  });
}

Napi::Value setAutostart(const Napi::CallbackInfo& info) {
  return onDevice(info, [autostart = booleanAt(info, 1, "autostart")](virNodeDevicePtr device) {
    check(library().virNodeDeviceSetAutostart(device, autostart ? 1 : 0));
  });
}

Napi::Value isActive(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) { return check(library().virNodeDeviceIsActive(device)) == 1; });
}

Napi::Value isPersistent(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) { return check(library().virNodeDeviceIsPersistent(device)) == 1; });
}

Napi::Value update(const Napi::CallbackInfo& info) {
  return onDevice(info, [xml = textAt(info, 1, "xml"), flags = flagsAt(info, 2)](virNodeDevicePtr device) {
    check(library().virNodeDeviceUpdate(device, xml.c_str(), flags));
  });
}

Napi::Value detachFlags(const Napi::CallbackInfo& info) {
  return onDevice(info, [driver = optionalTextAt(info, 1, "driver"), flags = flagsAt(info, 2)](virNodeDevicePtr device) {
    check(library().virNodeDeviceDetachFlags(device, orNull(driver), flags));
  });
}

Napi::Value reAttach(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) { check(library().virNodeDeviceReAttach(device)); });
}

Napi::Value reset(const Napi::CallbackInfo& info) {
  return onDevice(info, [](virNodeDevicePtr device) { check(library().virNodeDeviceReset(device)); });
}

}  // namespace

void addNodeDeviceMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("nodeDeviceRelease", Napi::Function::New<release>(env));
  exports.Set("nodeDeviceGetParent", Napi::Function::New<getParent>(env));
  exports.Set("nodeDeviceListCaps", Napi::Function::New<listCaps>(env));
  exports.Set("nodeDeviceGetXmlDesc", Napi::Function::New<getXmlDesc>(env));
  exports.Set("nodeDeviceCreate", Napi::Function::New<create>(env));
  exports.Set("nodeDeviceDestroy", Napi::Function::New<destroy>(env));
  exports.Set("nodeDeviceUndefine", Napi::Function::New<undefine>(env));
  exports.Set("nodeDeviceGetAutostart", Napi::Function::New<getAutostart>(env));
  exports.Set("nodeDeviceSetAutostart", Napi::Function::New<setAutostart>(env));
  exports.Set("nodeDeviceIsActive", Napi::Function::New<isActive>(env));
  exports.Set("nodeDeviceIsPersistent", Napi::Function::New<isPersistent>(env));
  exports.Set("nodeDeviceUpdate", Napi::Function::New<update>(env));
  exports.Set("nodeDeviceDetachFlags", Napi::Function::New<detachFlags>(env));
  exports.Set("nodeDeviceReAttach", Napi::Function::New<reAttach>(env));
  exports.Set("nodeDeviceReset", Napi::Function::New<reset>(env));
}

}  // namespace lv
