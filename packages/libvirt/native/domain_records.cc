// SPDX-License-Identifier: LGPL-2.1-or-later
// Domains read by the batch: the method starts on JavaScript's thread and works on the connection's thread.
#include "arguments.h"
#include "methods.h"
#include "records.h"

namespace lv {
namespace {

struct DomainRecord {
  std::string name;
  std::string uuid;
  int state;
  int reason;
  bool active;
  bool persistent;
  bool autostart;
  bool hasManagedSave;
  std::optional<std::string> xml;
  std::optional<std::string> inactiveXml;
  // Why a document is missing.
  std::optional<Failure> refusal;
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
    if (refusal) add("error", refusal);
  }
};

bool isGone(virConnectPtr connection, virDomainPtr domain) {
  const Owned<DomainTraits> found(library().virDomainLookupByUUIDString(connection, uuidOf(domain).c_str()));
  if (found != nullptr) return false;
  LibvirtFailure failure = lastFailure();
  if (failure.code == VIR_ERR_NO_DOMAIN) return true;
  // Not a word about the domain: the connection was lost, for example.
  throw Failure(std::move(failure));
}

// Whether the caller asked for what nobody gets: every domain would be refused.
bool isRefusedToAll(int code) {
  return code == VIR_ERR_OPERATION_DENIED || code == VIR_ERR_INVALID_ARG || code == VIR_ERR_NO_SUPPORT;
}

// A document, or nothing and the reason in the record when libvirt refuses that of this domain.
std::optional<std::string> readDocument(virConnectPtr connection, virDomainPtr domain, unsigned int flags,
                                        DomainRecord& record) {
  try {
    return take(library().virDomainGetXMLDesc(domain, flags));
  } catch (const Failure& failure) {
    if (isRefusedToAll(codeOf(failure)) || isGone(connection, domain)) throw;
    if (!record.refusal) record.refusal = failure;
    return std::nullopt;
  }
}

DomainRecord read(virConnectPtr connection, virDomainPtr domain, unsigned int xmlFlags, unsigned int inactiveXmlFlags) {
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
  record.xml = readDocument(connection, domain, xmlFlags, record);
  if (record.persistent) record.inactiveXml = readDocument(connection, domain, inactiveXmlFlags, record);
  return record;
}

Napi::Value listDomainsWithXml(const Napi::CallbackInfo& info) {
  const auto work = [flags = flagsAt(info, 1), xmlFlags = unsignedAt(info, 2, "xmlFlags"),
                     inactiveXmlFlags = unsignedAt(info, 3, "inactiveXmlFlags")](Session& session, const Call& call) {
    const virConnectPtr connection = session.connection();
    auto list = listDomains(connection, flags);
    std::vector<DomainRecord> records;
    records.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); i++) {
      throwUnlessWanted(session, call);
      const auto domain = list.move(i);
      try {
        records.push_back(read(connection, domain.get(), xmlFlags, inactiveXmlFlags));
      } catch (const Failure&) {
        // Drivers report a domain that is just disappearing in many ways.
        if (!isGone(connection, domain.get())) throw;
      }
    }
    return records;
  };
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, work);
}

}  // namespace

void addDomainRecordMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("listDomainsWithXml", Napi::Function::New<listDomainsWithXml>(env));
}

}  // namespace lv
