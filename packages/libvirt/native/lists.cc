// SPDX-License-Identifier: LGPL-2.1-or-later
// Lists and look-ups: what a connection knows of devices and domains. Each starts on JavaScript's thread and works on
// the connection's thread; lists are freed there, and the session takes over what goes to JavaScript.
#include "arguments.h"
#include "methods.h"
#include "node_device.h"
#include "request.h"

namespace lv {
namespace {

struct NodeDeviceRecord {
  std::string name;
  std::optional<std::string> parent;
  std::string xml;
  bool active;
  bool persistent;
  bool autostart;
  template <typename Add>
  void describe(Add add) const {
    add("name", name);
    add("parent", parent);
    add("xml", xml);
    add("active", active);
    add("persistent", persistent);
    add("autostart", autostart);
  }
};

struct DomainRecord {
  std::string name;
  std::string uuid;
  int state;
  int reason;
  bool active;
  bool persistent;
  bool autostart;
  bool hasManagedSave;
  std::string xml;
  std::optional<std::string> inactiveXml;
  template <typename Add>
  void describe(Add add) const {
    add("name", name);
    add("uuid", uuid);
    add("state", state);
    add("reason", reason);
    add("active", active);
    add("persistent", persistent);
    add("autostart", autostart);
    add("hasManagedSave", hasManagedSave);
    add("xml", xml);
    add("inactiveXml", inactiveXml);
  }
};

OwnedList<NodeDeviceTraits> listNodeDevices(virConnectPtr connection, unsigned int flags) {
  return OwnedList<NodeDeviceTraits>(
      [=](virNodeDevicePtr** items) { return library().virConnectListAllNodeDevices(connection, items, flags); });
}

OwnedList<DomainTraits> listDomains(virConnectPtr connection, unsigned int flags) {
  return OwnedList<DomainTraits>(
      [=](virDomainPtr** items) { return library().virConnectListAllDomains(connection, items, flags); });
}

// The answer of a yes-or-no call, or what to assume where the driver does not know the question, or libvirt does not
// answer it on a read-only connection: virNodeDeviceGetAutostart.
template <typename Call>
bool askOr(bool assumed, Call call) {
  try {
    return call();
  } catch (const Failure& failure) {
    const auto* reported = std::get_if<LibvirtFailure>(&failure);
    if (reported == nullptr) throw;
    if (reported->code == VIR_ERR_NO_SUPPORT || reported->code == VIR_ERR_OPERATION_DENIED) return assumed;
    throw;
  }
}

NodeDeviceRecord read(virNodeDevicePtr device, unsigned int xmlFlags) {
  const Symbols& lib = library();
  return {nameOf(device), parentOf(device), take(lib.virNodeDeviceGetXMLDesc(device, xmlFlags)),
          askOr(true, [&] { return check(lib.virNodeDeviceIsActive(device)) == 1; }),
          askOr(false, [&] { return check(lib.virNodeDeviceIsPersistent(device)) == 1; }),
          askOr(false, [&] {
            int autostart = 0;
            check(lib.virNodeDeviceGetAutostart(device, &autostart));
            return autostart != 0;
          })};
}

DomainRecord read(virDomainPtr domain, unsigned int xmlFlags, unsigned int inactiveXmlFlags) {
  const Symbols& lib = library();
  DomainRecord record{};
  record.name = nameOf(domain);
  record.uuid = uuidOf(domain);
  check(lib.virDomainGetState(domain, &record.state, &record.reason, 0));
  record.active = check(lib.virDomainIsActive(domain)) == 1;
  record.persistent = check(lib.virDomainIsPersistent(domain)) == 1;
  record.autostart = askOr(false, [&] {
    int autostart = 0;
    check(lib.virDomainGetAutostart(domain, &autostart));
    return autostart != 0;
  });
  record.hasManagedSave = askOr(false, [&] { return check(lib.virDomainHasManagedSaveImage(domain, 0)) == 1; });
  record.xml = take(lib.virDomainGetXMLDesc(domain, xmlFlags));
  if (record.persistent) record.inactiveXml = take(lib.virDomainGetXMLDesc(domain, inactiveXmlFlags));
  return record;
}

bool isGone(virConnectPtr connection, virNodeDevicePtr device) {
  const Owned<NodeDeviceTraits> found(library().virNodeDeviceLookupByName(connection, nameOf(device).c_str()));
  return found == nullptr && lastFailure().code == VIR_ERR_NO_NODE_DEVICE;
}

bool isGone(virConnectPtr connection, virDomainPtr domain) {
  const Owned<DomainTraits> found(library().virDomainLookupByUUIDString(connection, uuidOf(domain).c_str()));
  return found == nullptr && lastFailure().code == VIR_ERR_NO_DOMAIN;
}

// Reads every item. A failed one is looked up again, because drivers report one that is just disappearing in many ways.
template <typename List, typename Read>
auto readAll(virConnectPtr connection, List list, Read readOne) {
  std::vector<decltype(readOne(list.move(0).get()))> records;
  records.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); i++) {
    const auto item = list.move(i);
    try {
      records.push_back(readOne(item.get()));
    } catch (const Failure&) {
      if (!isGone(connection, item.get())) throw;
    }
  }
  return records;
}

Napi::Value listNodeDevicesWithXml(const Napi::CallbackInfo& info) {
  return onConnection(info, [flags = flagsAt(info, 1), xmlFlags = unsignedAt(info, 2, "xmlFlags")](virConnectPtr connection) {
    return readAll(connection, listNodeDevices(connection, flags),
                   [&](virNodeDevicePtr device) { return read(device, xmlFlags); });
  });
}

Napi::Value listDomainsWithXml(const Napi::CallbackInfo& info) {
  return onConnection(info, [flags = flagsAt(info, 1), xmlFlags = unsignedAt(info, 2, "xmlFlags"),
                             inactiveXmlFlags = unsignedAt(info, 3, "inactiveXmlFlags")](virConnectPtr connection) {
    return readAll(connection, listDomains(connection, flags),
                   [&](virDomainPtr domain) { return read(domain, xmlFlags, inactiveXmlFlags); });
  });
}

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
  exports.Set("listNodeDevicesWithXml", Napi::Function::New<listNodeDevicesWithXml>(env));
  exports.Set("lookupNodeDeviceByName", Napi::Function::New<lookupNodeDeviceByName>(env));
  exports.Set("defineNodeDeviceXml", Napi::Function::New<defineNodeDeviceXml>(env));
  exports.Set("createNodeDeviceXml", Napi::Function::New<createNodeDeviceXml>(env));
  exports.Set("listAllDomains", Napi::Function::New<listAllDomains>(env));
  exports.Set("listDomainsWithXml", Napi::Function::New<listDomainsWithXml>(env));
  exports.Set("lookupDomainByName", Napi::Function::New<lookupDomainByName>(env));
  exports.Set("lookupDomainByUuid", Napi::Function::New<lookupDomainByUuid>(env));
  exports.Set("lookupDomainById", Napi::Function::New<lookupDomainById>(env));
  exports.Set("createDomainXml", Napi::Function::New<createDomainXml>(env));
  exports.Set("defineDomainXml", Napi::Function::New<defineDomainXml>(env));
}

}  // namespace lv
