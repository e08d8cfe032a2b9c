// SPDX-License-Identifier: LGPL-2.1-or-later
// Methods of a domain. Each starts on JavaScript's thread and makes its libvirt call on the connection's thread,
// which also frees what libvirt allocated, in the same job.
#include "arguments.h"
#include "methods.h"
#include "request.h"

namespace lv {
namespace {

struct StateAndReason {
  int state;
  int reason;
  template <typename Add>
  void describe(Add add) const {
    add("state", state);
    add("reason", reason);
  }
};

struct JobInfo {
  int type;
  std::uint64_t timeElapsedMs;
  std::uint64_t timeRemainingMs;
  template <typename Add>
  void describe(Add add) const {
    add("type", type);
    add("timeElapsedMs", timeElapsedMs);
    add("timeRemainingMs", timeRemainingMs);
  }
};

struct DomainInfo {
  int state;
  std::uint64_t maxMemoryKiB;
  std::uint64_t memoryKiB;
  unsigned int vcpus;
  std::uint64_t cpuTimeNs;
  template <typename Add>
  void describe(Add add) const {
    add("state", state);
    add("maxMemoryKiB", maxMemoryKiB);
    add("memoryKiB", memoryKiB);
    add("vcpus", vcpus);
    add("cpuTimeNs", cpuTimeNs);
  }
};

struct SnapshotRecord {
  std::string name;
  std::optional<std::string> parent;
  bool current;
  std::string xml;
  template <typename Add>
  void describe(Add add) const {
    add("name", name);
    add("parent", parent);
    add("current", current);
    add("xml", xml);
  }
};

template <typename Work>
Napi::Value onDomain(const Napi::CallbackInfo& info, Work work) {
  return onObject<DomainRef>(info, std::move(work));
}

// A call that takes flags and says only whether it failed.
template <auto Symbols::*function>
Napi::Value withFlags(const Napi::CallbackInfo& info) {
  return onDomain(info, [flags = flagsAt(info, 1)](virDomainPtr domain) { check((library().*function)(domain, flags)); });
}

// A call that takes a text and flags, and says only whether it failed.
template <auto Symbols::*function>
Napi::Value withTextAndFlags(const Napi::CallbackInfo& info, const char* name) {
  return onDomain(info, [text = textAt(info, 1, name), flags = flagsAt(info, 2)](virDomainPtr domain) {
    check((library().*function)(domain, text.c_str(), flags));
  });
}

// A call that takes nothing and says only whether it failed.
template <auto Symbols::*function>
Napi::Value plain(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { check((library().*function)(domain)); });
}

// Only posts: the freeing happens after the calls already made.
Napi::Value release(const Napi::CallbackInfo& info) {
  refAt<DomainRef>(info, 0).forget();
  return info.Env().Undefined();
}

Napi::Value getState(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) {
    StateAndReason result{};
    check(library().virDomainGetState(domain, &result.state, &result.reason, 0));
    return result;
  });
}

Napi::Value getXmlDesc(const Napi::CallbackInfo& info) {
  return onDomain(info, [flags = flagsAt(info, 1)](virDomainPtr domain) {
    return take(library().virDomainGetXMLDesc(domain, flags));
  });
}

Napi::Value isActive(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { return check(library().virDomainIsActive(domain)) == 1; });
}

Napi::Value isPersistent(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { return check(library().virDomainIsPersistent(domain)) == 1; });
}

Napi::Value attachDevice(const Napi::CallbackInfo& info) {
  return withTextAndFlags<&Symbols::virDomainAttachDeviceFlags>(info, "xml");
}

Napi::Value detachDevice(const Napi::CallbackInfo& info) {
  return withTextAndFlags<&Symbols::virDomainDetachDeviceFlags>(info, "xml");
}

Napi::Value updateDevice(const Napi::CallbackInfo& info) {
  return withTextAndFlags<&Symbols::virDomainUpdateDeviceFlags>(info, "xml");
}

Napi::Value detachDeviceAlias(const Napi::CallbackInfo& info) {
  return withTextAndFlags<&Symbols::virDomainDetachDeviceAlias>(info, "alias");
}

Napi::Value getMetadata(const Napi::CallbackInfo& info) {
  return onDomain(info, [type = integerAt(info, 1, "type"), uri = optionalTextAt(info, 2, "uri"),
                         flags = flagsAt(info, 3)](virDomainPtr domain) {
    return take(library().virDomainGetMetadata(domain, type, orNull(uri), flags));
  });
}

Napi::Value setMetadata(const Napi::CallbackInfo& info) {
  return onDomain(info, [type = integerAt(info, 1, "type"), metadata = optionalTextAt(info, 2, "metadata"),
                         key = optionalTextAt(info, 3, "key"), uri = optionalTextAt(info, 4, "uri"),
                         flags = flagsAt(info, 5)](virDomainPtr domain) {
    check(library().virDomainSetMetadata(domain, type, orNull(metadata), orNull(key), orNull(uri), flags));
  });
}

Napi::Value getAutostart(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) {
    int autostart = 0;
    check(library().virDomainGetAutostart(domain, &autostart));
    return autostart != 0;
  });
}

Napi::Value setAutostart(const Napi::CallbackInfo& info) {
  return onDomain(info, [autostart = booleanAt(info, 1, "autostart")](virDomainPtr domain) {
    check(library().virDomainSetAutostart(domain, autostart ? 1 : 0));
  });
}

Napi::Value hasManagedSaveImage(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { return check(library().virDomainHasManagedSaveImage(domain, 0)) == 1; });
}

Napi::Value managedSaveRemove(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { check(library().virDomainManagedSaveRemove(domain, 0)); });
}

Napi::Value getJobInfo(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) {
    virDomainJobInfo job{};
    check(library().virDomainGetJobInfo(domain, &job));
    return JobInfo{job.type, job.timeElapsed, job.timeRemaining};
  });
}

Napi::Value snapshotNum(const Napi::CallbackInfo& info) {
  return onDomain(info, [flags = flagsAt(info, 1)](virDomainPtr domain) {
    return check(library().virDomainSnapshotNum(domain, flags));
  });
}

Napi::Value getInfo(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) {
    virDomainInfo read{};
    check(library().virDomainGetInfo(domain, &read));
    return DomainInfo{read.state, read.maxMem, read.memory, read.nrVirtCpu, read.cpuTime};
  });
}

Napi::Value getId(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) -> std::optional<unsigned int> {
    // Not the number that the object was made with: that of a domain which stopped meanwhile is still there.
    if (check(library().virDomainIsActive(domain)) != 1) return std::nullopt;
    const unsigned int id = library().virDomainGetID(domain);
    return id == static_cast<unsigned int>(-1) ? std::nullopt : std::optional<unsigned int>(id);
  });
}

Napi::Value getOsType(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { return take(library().virDomainGetOSType(domain)); });
}

Napi::Value isUpdated(const Napi::CallbackInfo& info) {
  return onDomain(info, [](virDomainPtr domain) { return check(library().virDomainIsUpdated(domain)) == 1; });
}

std::optional<std::string> parentOf(virDomainSnapshotPtr snapshot) {
  const Owned<SnapshotTraits> parent(library().virDomainSnapshotGetParent(snapshot, 0));
  if (parent != nullptr) return std::string(check(library().virDomainSnapshotGetName(parent.get())));
  LibvirtFailure failure = lastFailure();
  // The root of the tree is reported as a snapshot that does not exist.
  if (failure.code == VIR_ERR_NO_DOMAIN_SNAPSHOT) return std::nullopt;
  throw Failure(std::move(failure));
}

Napi::Value listSnapshots(const Napi::CallbackInfo& info) {
  return onDomain(info, [flags = flagsAt(info, 1), xmlFlags = unsignedAt(info, 2, "xmlFlags")](virDomainPtr domain) {
    const Symbols& lib = library();
    OwnedList<SnapshotTraits> list(
        [=](virDomainSnapshotPtr** items) { return library().virDomainListAllSnapshots(domain, items, flags); });
    std::vector<SnapshotRecord> records;
    for (std::size_t i = 0; i < list.size(); i++) {
      const auto snapshot = list.move(i);
      records.push_back({check(lib.virDomainSnapshotGetName(snapshot.get())), parentOf(snapshot.get()),
                         check(lib.virDomainSnapshotIsCurrent(snapshot.get(), 0)) == 1,
                         take(lib.virDomainSnapshotGetXMLDesc(snapshot.get(), xmlFlags))});
    }
    return records;
  });
}

}  // namespace

void addDomainMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("domainRelease", Napi::Function::New<release>(env));
  exports.Set("domainGetState", Napi::Function::New<getState>(env));
  exports.Set("domainGetXmlDesc", Napi::Function::New<getXmlDesc>(env));
  exports.Set("domainIsActive", Napi::Function::New<isActive>(env));
  exports.Set("domainIsPersistent", Napi::Function::New<isPersistent>(env));
  exports.Set("domainCreate", Napi::Function::New<withFlags<&Symbols::virDomainCreateWithFlags>>(env));
  exports.Set("domainShutdown", Napi::Function::New<withFlags<&Symbols::virDomainShutdownFlags>>(env));
  exports.Set("domainDestroy", Napi::Function::New<withFlags<&Symbols::virDomainDestroyFlags>>(env));
  exports.Set("domainUndefine", Napi::Function::New<withFlags<&Symbols::virDomainUndefineFlags>>(env));
  exports.Set("domainAttachDevice", Napi::Function::New<attachDevice>(env));
  exports.Set("domainDetachDevice", Napi::Function::New<detachDevice>(env));
  exports.Set("domainUpdateDevice", Napi::Function::New<updateDevice>(env));
  exports.Set("domainDetachDeviceAlias", Napi::Function::New<detachDeviceAlias>(env));
  exports.Set("domainGetMetadata", Napi::Function::New<getMetadata>(env));
  exports.Set("domainSetMetadata", Napi::Function::New<setMetadata>(env));
  exports.Set("domainGetAutostart", Napi::Function::New<getAutostart>(env));
  exports.Set("domainSetAutostart", Napi::Function::New<setAutostart>(env));
  exports.Set("domainHasManagedSaveImage", Napi::Function::New<hasManagedSaveImage>(env));
  exports.Set("domainManagedSaveRemove", Napi::Function::New<managedSaveRemove>(env));
  exports.Set("domainGetJobInfo", Napi::Function::New<getJobInfo>(env));
  exports.Set("domainSuspend", Napi::Function::New<plain<&Symbols::virDomainSuspend>>(env));
  exports.Set("domainResume", Napi::Function::New<plain<&Symbols::virDomainResume>>(env));
  exports.Set("domainReboot", Napi::Function::New<withFlags<&Symbols::virDomainReboot>>(env));
  exports.Set("domainReset", Napi::Function::New<withFlags<&Symbols::virDomainReset>>(env));
  exports.Set("domainManagedSave", Napi::Function::New<withFlags<&Symbols::virDomainManagedSave>>(env));
  exports.Set("domainAbortJob", Napi::Function::New<plain<&Symbols::virDomainAbortJob>>(env));
  exports.Set("domainGetInfo", Napi::Function::New<getInfo>(env));
  exports.Set("domainGetId", Napi::Function::New<getId>(env));
  exports.Set("domainGetOsType", Napi::Function::New<getOsType>(env));
  exports.Set("domainIsUpdated", Napi::Function::New<isUpdated>(env));
  exports.Set("domainListSnapshots", Napi::Function::New<listSnapshots>(env));
  exports.Set("domainSnapshotNum", Napi::Function::New<snapshotNum>(env));
}

}  // namespace lv
