// SPDX-License-Identifier: LGPL-2.1-or-later
// What the two files about records share: lists of objects, and questions that a driver may not know. Only the
// connection's thread.
#pragma once

#include <utility>

#include "request.h"

namespace lv {

inline OwnedList<NodeDeviceTraits> listNodeDevices(virConnectPtr connection, unsigned int flags) {
  return OwnedList<NodeDeviceTraits>(
      [=](virNodeDevicePtr** items) { return library().virConnectListAllNodeDevices(connection, items, flags); });
}

inline OwnedList<DomainTraits> listDomains(virConnectPtr connection, unsigned int flags) {
  return OwnedList<DomainTraits>(
      [=](virDomainPtr** items) { return library().virConnectListAllDomains(connection, items, flags); });
}

// libvirt's number of a failure; 0 when it was not libvirt that failed.
inline int codeOf(const Failure& failure) {
  const auto* reported = std::get_if<LibvirtFailure>(&failure);
  return reported == nullptr ? 0 : reported->code;
}

// The answer of a yes-or-no call, or what to assume where the driver does not know the question, or libvirt does not
// answer it on a read-only connection: virNodeDeviceGetAutostart.
template <typename Call>
bool askOr(bool assumed, Call call) {
  try {
    return call();
  } catch (const Failure& failure) {
    const int code = codeOf(failure);
    if (code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_OPERATION_DENIED) return assumed;
    throw;
  }
}

}  // namespace lv
