// SPDX-License-Identifier: LGPL-2.1-or-later
// One owner for everything that libvirt allocates.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "failure.h"
#include "symbols.h"

namespace lv {

struct NodeDeviceTraits {
  using Pointer = virNodeDevicePtr;
  static constexpr const char* kNoun = "node device";
  static void free(Pointer device) noexcept { library().virNodeDeviceFree(device); }
};

struct DomainTraits {
  using Pointer = virDomainPtr;
  static constexpr const char* kNoun = "domain";
  static void free(Pointer domain) noexcept { library().virDomainFree(domain); }
};

struct SnapshotTraits {
  using Pointer = virDomainSnapshotPtr;
  static constexpr const char* kNoun = "snapshot";
  static void free(Pointer snapshot) noexcept { library().virDomainSnapshotFree(snapshot); }
};

struct StreamTraits {
  using Pointer = virStreamPtr;
  static constexpr const char* kNoun = "stream";
  // Ends a stream that was not finished; may wait for the daemon.
  static void free(Pointer stream) noexcept {
    library().virStreamAbort(stream);
    library().virStreamFree(stream);
  }
};

// Frees one reference where it ends: only on the connection's thread.
template <typename Traits>
struct Free {
  using pointer = typename Traits::Pointer;
  void operator()(pointer object) const noexcept { Traits::free(object); }
};

template <typename Traits>
using Owned = std::unique_ptr<typename Traits::Pointer, Free<Traits>>;

struct FreeMemory {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

// Copies a string that libvirt allocated, and frees it; throws when there is none. The thread of the call.
inline std::string take(char* text) {
  const std::unique_ptr<char, FreeMemory> owner(check(text));
  return text;
}

// The objects of a vir*ListAll* call; whatever was not moved out is freed. The connection's thread.
template <typename Traits>
class OwnedList {
 public:
  using Pointer = typename Traits::Pointer;

  template <typename Call>
  explicit OwnedList(Call call) {
    size_ = static_cast<std::size_t>(check(call(&items_)));
  }
  ~OwnedList() {
    for (std::size_t i = 0; i < size_; i++) {
      if (items_[i] != nullptr) Traits::free(items_[i]);
    }
    std::free(items_);
  }
  OwnedList(OwnedList&& other) noexcept
      : items_(std::exchange(other.items_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  OwnedList(const OwnedList&) = delete;
  OwnedList& operator=(const OwnedList&) = delete;

  std::size_t size() const { return size_; }
  // Null after move.
  Pointer at(std::size_t index) const { return items_[index]; }
  Owned<Traits> move(std::size_t index) {
    Pointer item = items_[index];
    items_[index] = nullptr;
    return Owned<Traits>(item);
  }

 private:
  Pointer* items_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lv
