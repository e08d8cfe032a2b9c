// SPDX-License-Identifier: LGPL-2.1-or-later
#include "symbols.h"

#include <dlfcn.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "event_loop.h"
#include "failure.h"

namespace lv {
namespace {

constexpr const char* kLibrary = "libvirt.so.0";
constexpr const char* kPackages =
    "install libvirt's client library (Debian and Ubuntu: libvirt0, Fedora and RHEL: libvirt-libs, "
    "Arch and Alpine: libvirt)";

// Never deleted: threads may still call into libvirt while the process exits.
std::atomic<const Symbols*> loaded{nullptr};

void* find(void* handle, const char* name, bool required) {
  void* symbol = dlsym(handle, name);
  if (symbol == nullptr && required) {
    throw Failure(Unavailable{std::string(kLibrary) + " lacks the function " + name + "; " + kPackages});
  }
  return symbol;
}

const Symbols* load() {
  void* handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    throw Failure(Unavailable{std::string(kLibrary) + " cannot be opened (" +
                              (reason != nullptr ? reason : "no reason given") + "); " + kPackages});
  }
  auto symbols = std::make_unique<Symbols>();
#define LIBVIRT_REQUIRED(name) symbols->name = reinterpret_cast<decltype(symbols->name)>(find(handle, #name, true));
#define LIBVIRT_OPTIONAL(name_, since_)                                                               \
  symbols->name_.function = reinterpret_cast<decltype(symbols->name_.function)>(find(handle, #name_, false)); \
  symbols->name_.name = #name_;                                                                       \
  symbols->name_.since = since_;
#define LIBVIRT_NEWER(name, since, ...) LIBVIRT_OPTIONAL(name, since)
  LIBVIRT_FUNCTIONS(LIBVIRT_REQUIRED, LIBVIRT_OPTIONAL, LIBVIRT_NEWER)
#undef LIBVIRT_REQUIRED
#undef LIBVIRT_OPTIONAL
#undef LIBVIRT_NEWER
  return symbols.release();
}

}  // namespace

const Symbols& openLibrary() {
  static std::mutex* mutex = new std::mutex;
  const std::lock_guard<std::mutex> lock(*mutex);
  // A failure is not remembered: libvirt may be installed while the process runs.
  static const Symbols* opened = nullptr;
  static bool started = false;
  if (opened == nullptr) opened = load();
  loaded.store(opened, std::memory_order_release);
  if (!started) {
    startEventLoop();
    started = true;
  }
  return *opened;
}

const Symbols& library() noexcept { return *loaded.load(std::memory_order_acquire); }

}  // namespace lv
