// SPDX-License-Identifier: LGPL-2.1-or-later
// libvirt's functions, found at run time so that the addon loads where libvirt is missing or older.
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

// REQUIRED: without it nothing works. OPTIONAL: its callers reject with NO_SUPPORT, naming the version.
// NEWER: OPTIONAL and absent from the headers of the oldest supported libvirt.
#define LIBVIRT_FUNCTIONS(REQUIRED, OPTIONAL, NEWER)                                              \
  REQUIRED(virInitialize)                                                                         \
  REQUIRED(virSetErrorFunc)                                                                       \
  REQUIRED(virGetLastError)                                                                       \
  REQUIRED(virResetLastError)                                                                     \
  REQUIRED(virGetVersion)                                                                         \
  REQUIRED(virEventRegisterImpl)                                                                  \
  REQUIRED(virEventAddTimeout)                                                                    \
  REQUIRED(virEventRemoveTimeout)                                                                 \
  REQUIRED(virConnectOpenAuth)                                                                    \
  REQUIRED(virConnectClose)                                                                       \
  REQUIRED(virConnectRegisterCloseCallback)                                                       \
  REQUIRED(virConnectUnregisterCloseCallback)                                                     \
  REQUIRED(virConnectSetKeepAlive)                                                                \
  REQUIRED(virConnectIsAlive)                                                                     \
  REQUIRED(virConnectGetLibVersion)                                                               \
  REQUIRED(virConnectGetVersion)                                                                  \
  REQUIRED(virConnectGetURI)                                                                      \
  REQUIRED(virConnectGetHostname)                                                                 \
  REQUIRED(virConnectGetType)                                                                     \
  REQUIRED(virConnectIsSecure)                                                                    \
  REQUIRED(virConnectIsEncrypted)                                                                 \
  REQUIRED(virConnectGetSysinfo)                                                                  \
  REQUIRED(virConnectGetMaxVcpus)                                                                 \
  REQUIRED(virConnectGetCapabilities)                                                             \
  REQUIRED(virConnectGetDomainCapabilities)                                                       \
  REQUIRED(virConnectDomainXMLToNative)                                                           \
  REQUIRED(virConnectDomainXMLFromNative)                                                         \
  REQUIRED(virConnectListAllNodeDevices)                                                          \
  REQUIRED(virNodeDeviceLookupByName)                                                             \
  REQUIRED(virNodeDeviceGetName)                                                                  \
  REQUIRED(virNodeDeviceGetParent)                                                                \
  REQUIRED(virNodeDeviceNumOfCaps)                                                                \
  REQUIRED(virNodeDeviceListCaps)                                                                 \
  REQUIRED(virNodeDeviceGetXMLDesc)                                                               \
  REQUIRED(virNodeDeviceCreateXML)                                                                \
  REQUIRED(virNodeDeviceDestroy)                                                                  \
  REQUIRED(virNodeDeviceDetachFlags)                                                              \
  REQUIRED(virNodeDeviceReAttach)                                                                 \
  REQUIRED(virNodeDeviceReset)                                                                    \
  REQUIRED(virNodeDeviceFree)                                                                     \
  REQUIRED(virConnectNodeDeviceEventRegisterAny)                                                  \
  REQUIRED(virConnectNodeDeviceEventDeregisterAny)                                                \
  OPTIONAL(virNodeDeviceDefineXML, "7.3")                                                         \
  OPTIONAL(virNodeDeviceCreate, "7.3")                                                            \
  OPTIONAL(virNodeDeviceUndefine, "7.3")                                                          \
  OPTIONAL(virNodeDeviceGetAutostart, "7.8")                                                      \
  OPTIONAL(virNodeDeviceSetAutostart, "7.8")                                                      \
  OPTIONAL(virNodeDeviceIsActive, "7.8")                                                          \
  OPTIONAL(virNodeDeviceIsPersistent, "7.8")                                                      \
  NEWER(virNodeDeviceUpdate, "10.1", int (*)(virNodeDevicePtr, const char*, unsigned int))        \
  REQUIRED(virConnectListAllDomains)                                                              \
  REQUIRED(virDomainLookupByName)                                                                 \
  REQUIRED(virDomainLookupByUUIDString)                                                           \
  REQUIRED(virDomainLookupByID)                                                                   \
  REQUIRED(virDomainCreateXML)                                                                    \
  REQUIRED(virDomainDefineXMLFlags)                                                               \
  REQUIRED(virDomainGetName)                                                                      \
  REQUIRED(virDomainGetUUIDString)                                                                \
  REQUIRED(virDomainGetState)                                                                     \
  REQUIRED(virDomainGetInfo)                                                                      \
  REQUIRED(virDomainGetID)                                                                        \
  REQUIRED(virDomainGetOSType)                                                                    \
  REQUIRED(virDomainGetXMLDesc)                                                                   \
  REQUIRED(virDomainIsActive)                                                                     \
  REQUIRED(virDomainIsPersistent)                                                                 \
  REQUIRED(virDomainIsUpdated)                                                                    \
  REQUIRED(virDomainCreateWithFlags)                                                              \
  REQUIRED(virDomainShutdownFlags)                                                                \
  REQUIRED(virDomainDestroyFlags)                                                                 \
  REQUIRED(virDomainSuspend)                                                                      \
  REQUIRED(virDomainResume)                                                                       \
  REQUIRED(virDomainReboot)                                                                       \
  REQUIRED(virDomainReset)                                                                        \
  REQUIRED(virDomainUndefineFlags)                                                                \
  REQUIRED(virDomainAttachDeviceFlags)                                                            \
  REQUIRED(virDomainDetachDeviceFlags)                                                            \
  REQUIRED(virDomainUpdateDeviceFlags)                                                            \
  REQUIRED(virDomainDetachDeviceAlias)                                                            \
  REQUIRED(virDomainGetMetadata)                                                                  \
  REQUIRED(virDomainSetMetadata)                                                                  \
  REQUIRED(virDomainGetAutostart)                                                                 \
  REQUIRED(virDomainSetAutostart)                                                                 \
  REQUIRED(virDomainHasManagedSaveImage)                                                          \
  REQUIRED(virDomainManagedSave)                                                                  \
  REQUIRED(virDomainManagedSaveRemove)                                                            \
  REQUIRED(virDomainGetJobInfo)                                                                   \
  REQUIRED(virDomainAbortJob)                                                                     \
  REQUIRED(virDomainSnapshotNum)                                                                  \
  REQUIRED(virDomainListAllSnapshots)                                                             \
  REQUIRED(virDomainSnapshotGetName)                                                              \
  REQUIRED(virDomainSnapshotGetParent)                                                            \
  REQUIRED(virDomainSnapshotIsCurrent)                                                            \
  REQUIRED(virDomainSnapshotGetXMLDesc)                                                           \
  REQUIRED(virDomainSnapshotFree)                                                                 \
  REQUIRED(virDomainOpenConsole)                                                                  \
  REQUIRED(virDomainOpenChannel)                                                                  \
  REQUIRED(virDomainScreenshot)                                                                   \
  REQUIRED(virStreamNew)                                                                          \
  REQUIRED(virStreamRecv)                                                                         \
  REQUIRED(virStreamSend)                                                                         \
  REQUIRED(virStreamFinish)                                                                       \
  REQUIRED(virStreamAbort)                                                                        \
  REQUIRED(virStreamEventAddCallback)                                                             \
  REQUIRED(virStreamEventUpdateCallback)                                                          \
  REQUIRED(virStreamEventRemoveCallback)                                                          \
  REQUIRED(virStreamFree)                                                                         \
  REQUIRED(virDomainFree)                                                                         \
  REQUIRED(virConnectDomainEventRegisterAny)                                                      \
  REQUIRED(virConnectDomainEventDeregisterAny)

namespace lv {

[[noreturn]] void throwTooOld(const char* function, const char* since);

// A function that this libvirt may lack; calling it then throws a Failure.
template <typename Function>
struct OptionalFunction {
  Function function = nullptr;
  const char* name = nullptr;
  const char* since = nullptr;

  template <typename... Arguments>
  auto operator()(Arguments... arguments) const {
    if (function == nullptr) throwTooOld(name, since);
    return function(arguments...);
  }
};

struct Symbols {
#define LIBVIRT_REQUIRED(name) decltype(&::name) name = nullptr;
#define LIBVIRT_OPTIONAL(name, since) OptionalFunction<decltype(&::name)> name;
#define LIBVIRT_NEWER(name, since, ...) OptionalFunction<__VA_ARGS__> name;
  LIBVIRT_FUNCTIONS(LIBVIRT_REQUIRED, LIBVIRT_OPTIONAL, LIBVIRT_NEWER)
#undef LIBVIRT_REQUIRED
#undef LIBVIRT_OPTIONAL
#undef LIBVIRT_NEWER
};

// Opens libvirt on the first call, registers its event loop and starts the loop's thread; throws Unavailable.
// Any thread but JavaScript's, because it reads from the disk. The result lives as long as the process.
const Symbols& openLibrary();

// The functions, after openLibrary() succeeded once. Any thread.
const Symbols& library() noexcept;

}  // namespace lv
