// SPDX-License-Identifier: LGPL-2.1-or-later
#include "request.h"

namespace lv {

std::string nameOf(virNodeDevicePtr device) { return check(library().virNodeDeviceGetName(device)); }

std::string nameOf(virDomainPtr domain) { return check(library().virDomainGetName(domain)); }

std::string uuidOf(virDomainPtr domain) {
  char buffer[VIR_UUID_STRING_BUFLEN];
  check(library().virDomainGetUUIDString(domain, buffer));
  return buffer;
}

NamedNodeDevice adopt(Session& session, Owned<NodeDeviceTraits> device) {
  std::string name = nameOf(device.get());
  return {{session.shared_from_this(), session.adopt(std::move(device))}, std::move(name), {}};
}

NamedDomain adopt(Session& session, Owned<DomainTraits> domain) {
  std::string name = nameOf(domain.get());
  std::string uuid = uuidOf(domain.get());
  return {{session.shared_from_this(), session.adopt(std::move(domain))}, std::move(name), std::move(uuid)};
}

Napi::Value toValue(Napi::Env env, const NamedNodeDevice& device) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("handle", wrap(env, device.ref));
  object.Set("name", device.name);
  return object;
}

Napi::Value toValue(Napi::Env env, const NamedDomain& domain) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("handle", wrap(env, domain.ref));
  object.Set("name", domain.name);
  object.Set("uuid", domain.uuid);
  return object;
}

}  // namespace lv
