// SPDX-License-Identifier: LGPL-2.1-or-later
// Lists and look-ups: what a connection knows of devices and domains. Each starts on JavaScript's thread and works on
// the connection's thread; lists are freed there, and the session takes over what goes to JavaScript.
#include "arguments.h"
#include "methods.h"
#include "records.h"

namespace lv {
namespace {

// As onConnection, for work that returns an object which the session takes over.
template <typename Work>
Napi::Value adopting(const Napi::CallbackInfo& info, Work work) {
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, [work = std::move(work)](Session& session) {
    return adopt(session, work(session.connection()));
  });
}

// As adopting, for a whole list.
template <typename Named, typename Work>
Napi::Value adoptingAll(const Napi::CallbackInfo& info, Work work) {
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, [work = std::move(work)](Session& session) {
    auto list = work(session.connection());
    std::vector<Named> items;
    items.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); i++) items.push_back(adopt(session, list.move(i)));
    return items;
  });
}

Napi::Value listAllNodeDevices(const Napi::CallbackInfo& info) {
  return adoptingAll<NamedNodeDevice>(
      info, [flags = flagsAt(info, 1)](virConnectPtr connection) { return listNodeDevices(connection, flags); });
}

Napi::Value listAllDomains(const Napi::CallbackInfo& info) {
  return adoptingAll<NamedDomain>(
      info, [flags = flagsAt(info, 1)](virConnectPtr connection) { return listDomains(connection, flags); });
}

Napi::Value lookupNodeDeviceByName(const Napi::CallbackInfo& info) {
  return adopting(info, [name = textAt(info, 1, "name")](virConnectPtr connection) {
    return Owned<NodeDeviceTraits>(check(library().virNodeDeviceLookupByName(connection, name.c_str())));
  });
}

Napi::Value defineNodeDeviceXml(const Napi::CallbackInfo& info) {
  return adopting(info, [xml = textAt(info, 1, "xml"), flags = flagsAt(info, 2)](virConnectPtr connection) {
    return Owned<NodeDeviceTraits>(check(library().virNodeDeviceDefineXML(connection, xml.c_str(), flags)));
  });
}

Napi::Value createNodeDeviceXml(const Napi::CallbackInfo& info) {
  return adopting(info, [xml = textAt(info, 1, "xml"), flags = flagsAt(info, 2)](virConnectPtr connection) {
    return Owned<NodeDeviceTraits>(check(library().virNodeDeviceCreateXML(connection, xml.c_str(), flags)));
  });
}

Napi::Value lookupDomainByName(const Napi::CallbackInfo& info) {
  return adopting(info, [name = textAt(info, 1, "name")](virConnectPtr connection) {
    return Owned<DomainTraits>(check(library().virDomainLookupByName(connection, name.c_str())));
  });
}

Napi::Value lookupDomainByUuid(const Napi::CallbackInfo& info) {
  return adopting(info, [uuid = textAt(info, 1, "uuid")](virConnectPtr connection) {
    return Owned<DomainTraits>(check(library().virDomainLookupByUUIDString(connection, uuid.c_str())));
  });
}

Napi::Value lookupDomainById(const Napi::CallbackInfo& info) {
  return adopting(info, [id = integerAt(info, 1, "id")](virConnectPtr connection) {
    return Owned<DomainTraits>(check(library().virDomainLookupByID(connection, id)));
  });
}

Napi::Value createDomainXml(const Napi::CallbackInfo& info) {
  return adopting(info, [xml = textAt(info, 1, "xml"), flags = flagsAt(info, 2)](virConnectPtr connection) {
    return Owned<DomainTraits>(check(library().virDomainCreateXML(connection, xml.c_str(), flags)));
  });
}

Napi::Value defineDomainXml(const Napi::CallbackInfo& info) {
  return adopting(info, [xml = textAt(info, 1, "xml"), flags = flagsAt(info, 2)](virConnectPtr connection) {
    return Owned<DomainTraits>(check(library().virDomainDefineXMLFlags(connection, xml.c_str(), flags)));
  });
}

}  // namespace

void addListMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("listAllNodeDevices", Napi::Function::New<listAllNodeDevices>(env));
  exports.Set("lookupNodeDeviceByName", Napi::Function::New<lookupNodeDeviceByName>(env));
  exports.Set("defineNodeDeviceXml", Napi::Function::New<defineNodeDeviceXml>(env));
  exports.Set("createNodeDeviceXml", Napi::Function::New<createNodeDeviceXml>(env));
  exports.Set("listAllDomains", Napi::Function::New<listAllDomains>(env));
  exports.Set("lookupDomainByName", Napi::Function::New<lookupDomainByName>(env));
  exports.Set("lookupDomainByUuid", Napi::Function::New<lookupDomainByUuid>(env));
  exports.Set("lookupDomainById", Napi::Function::New<lookupDomainById>(env));
  exports.Set("createDomainXml", Napi::Function::New<createDomainXml>(env));
  exports.Set("defineDomainXml", Napi::Function::New<defineDomainXml>(env));
}

}  // namespace lv
