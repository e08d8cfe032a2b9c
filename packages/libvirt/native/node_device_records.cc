// SPDX-License-Identifier: LGPL-2.1-or-later
// Node devices read by the batch: each method starts on JavaScript's thread and works on the connection's thread.
#include <unordered_map>

#include "arguments.h"
#include "methods.h"
#include "node_device.h"
#include "records.h"

namespace lv {
namespace {

// What to read besides the name and the XML; each costs a call to the daemon for each device, kActive only where the
// lists cannot tell. src/records.ts has the same numbers.
enum Field : unsigned int { kParent = 1, kActive = 2, kPersistent = 4, kAutostart = 8 };

constexpr unsigned int kEveryState = VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE | VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE;
// Asking so many devices each costs no more than a list for each state.
constexpr std::size_t kFew = 2;

struct NodeDeviceRecord {
  std::string name;
  std::string xml;
  unsigned int fields;
  std::optional<std::string> parent;
  bool active = true;
  bool persistent = false;
  bool autostart = false;
  template <typename Add>
  void describe(Add add) const {
    add("name", name);
    add("xml", xml);
    if ((fields & kParent) != 0) add("parent", parent);
    if ((fields & kActive) != 0) add("active", active);
    if ((fields & kPersistent) != 0) add("persistent", persistent);
    if ((fields & kAutostart) != 0) add("autostart", autostart);
  }
};

using States = std::unordered_map<std::string, bool>;

// The devices of a list, which the driver may not know how to filter by state.
std::optional<OwnedList<NodeDeviceTraits>> listOfState(virConnectPtr connection, unsigned int flags) {
  try {
    return std::make_optional<OwnedList<NodeDeviceTraits>>(listNodeDevices(connection, flags));
  } catch (const Failure& failure) {
    const int code = codeOf(failure);
    if (code == VIR_ERR_INVALID_ARG || code == VIR_ERR_NO_SUPPORT) return std::nullopt;
    throw;
  }
}

// Which devices are active, of those that the flags choose. Only what a list said counts: a device that is in neither,
// because it was gone for a moment, is not known, and one that is in both is what the later list says.
States statesOf(virConnectPtr connection, unsigned int flags) {
  States states;
  for (const unsigned int state : {VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE + 0U, VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE + 0U}) {
    auto list = listOfState(connection, (flags & ~kEveryState) | state);
    if (!list) return {};
    for (std::size_t i = 0; i < list->size(); i++) {
      states.insert_or_assign(nameOf(list->at(i)), state == VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE);
    }
  }
  return states;
}

struct Reading {
  unsigned int xmlFlags;
  unsigned int fields;
  bool wants(Field field) const { return (fields & field) != 0; }
};

NodeDeviceRecord read(virNodeDevicePtr device, const Reading& reading, const States& states) {
  const Symbols& lib = library();
  NodeDeviceRecord record{};
  record.name = nameOf(device);
  record.xml = take(lib.virNodeDeviceGetXMLDesc(device, reading.xmlFlags));
  record.fields = reading.fields;
  if (reading.wants(kParent)) record.parent = parentOf(device);
  if (reading.wants(kActive)) {
    const auto known = states.find(record.name);
    record.active = known != states.end()
                        ? known->second
                        : askOr(true, [&] { return check(lib.virNodeDeviceIsActive(device)) == 1; });
  }
  if (reading.wants(kPersistent)) {
    record.persistent = askOr(false, [&] { return check(lib.virNodeDeviceIsPersistent(device)) == 1; });
  }
  if (reading.wants(kAutostart)) {
    record.autostart = askOr(false, [&] {
      int autostart = 0;
      check(lib.virNodeDeviceGetAutostart(device, &autostart));
      return autostart != 0;
    });
  }
  return record;
}

// Null when there is none of this name.
Owned<NodeDeviceTraits> lookup(virConnectPtr connection, const std::string& name) {
  Owned<NodeDeviceTraits> found(library().virNodeDeviceLookupByName(connection, name.c_str()));
  if (found != nullptr) return found;
  LibvirtFailure failure = lastFailure();
  if (failure.code == VIR_ERR_NO_NODE_DEVICE) return nullptr;
  throw Failure(std::move(failure));
}

// Adds what can be read. A device that failed is looked up again, because drivers report one that is just disappearing
// in many ways.
void readInto(std::vector<NodeDeviceRecord>& records, virConnectPtr connection, virNodeDevicePtr device,
              const Reading& reading, const States& states) {
  try {
    records.push_back(read(device, reading, states));
  } catch (const Failure&) {
    if (lookup(connection, nameOf(device)) != nullptr) throw;
  }
}

Reading readingAt(const Napi::CallbackInfo& info, std::size_t index) {
  return {unsignedAt(info, index, "xmlFlags"), unsignedAt(info, index + 1, "fields")};
}

Napi::Value listNodeDevicesWithXml(const Napi::CallbackInfo& info) {
  const auto work = [flags = flagsAt(info, 1), reading = readingAt(info, 2)](Session& session, const Call& call) {
    const virConnectPtr connection = session.connection();
    auto list = listNodeDevices(connection, flags);
    // After the first list, so that a device is never what it was before it was listed.
    States states;
    if (reading.wants(kActive) && list.size() > kFew) states = statesOf(connection, flags);
    std::vector<NodeDeviceRecord> records;
    records.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); i++) {
      throwUnlessWanted(session, call);
      readInto(records, connection, list.move(i).get(), reading, states);
    }
    return records;
  };
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, work);
}

// Devices by their names. Naming one to libvirt takes a call, unless it comes from a list.
class Finder {
 public:
  Finder(virConnectPtr connection, std::size_t count) : connection_(connection) {
    if (count <= kFew) return;
    auto list = listOfState(connection, kEveryState);
    if (!list) list.emplace(listNodeDevices(connection, 0));
    for (std::size_t i = 0; i < list->size(); i++) {
      auto device = list->move(i);
      std::string name = nameOf(device.get());
      listed_.emplace(std::move(name), std::move(device));
    }
  }

  // Null when there is none. One that came after the list is found too.
  Owned<NodeDeviceTraits> find(const std::string& name) {
    const auto found = listed_.find(name);
    if (found == listed_.end()) return lookup(connection_, name);
    auto device = std::move(found->second);
    listed_.erase(found);
    return device;
  }

 private:
  virConnectPtr connection_;
  std::unordered_map<std::string, Owned<NodeDeviceTraits>> listed_;
};

Napi::Value readNodeDevices(const Napi::CallbackInfo& info) {
  const auto work = [names = textsAt(info, 1, "names"), reading = readingAt(info, 2)](Session& session, const Call& call) {
    const virConnectPtr connection = session.connection();
    Finder finder(connection, names.size());
    States states;
    if (reading.wants(kActive) && names.size() > kFew) states = statesOf(connection, 0);
    std::vector<NodeDeviceRecord> records;
    records.reserve(names.size());
    for (const auto& name : names) {
      throwUnlessWanted(session, call);
      const auto device = finder.find(name);
      if (device != nullptr) readInto(records, connection, device.get(), reading, states);
    }
    return records;
  };
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, work);
}

Napi::Value listNodeDeviceNames(const Napi::CallbackInfo& info) {
  return onConnection(info, [flags = flagsAt(info, 1)](virConnectPtr connection) {
    const auto list = listNodeDevices(connection, flags);
    std::vector<std::string> names;
    names.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); i++) names.push_back(nameOf(list.at(i)));
    return names;
  });
}

}  // namespace

void addNodeDeviceRecordMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("listNodeDevicesWithXml", Napi::Function::New<listNodeDevicesWithXml>(env));
  exports.Set("readNodeDevices", Napi::Function::New<readNodeDevices>(env));
  exports.Set("listNodeDeviceNames", Napi::Function::New<listNodeDeviceNames>(env));
}

}  // namespace lv
