// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace lv {

// What libvirt's callbacks belong to. libvirt gets only a number, so that it does not matter whether, when and on which
// thread it lets go of it: a driver may forget a callback, and what goes with it.
template <typename T>
class Registry {
 public:
  // Any thread. Ends with the last owner of the result.
  std::pair<void*, std::shared_ptr<T>> add(T item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::uintptr_t number = next_++;
    const std::shared_ptr<T> owner(new T(std::move(item)), [this, number](T* ended) {
      remove(number);
      delete ended;
    });
    items_.emplace(number, owner);
    return {reinterpret_cast<void*>(number), owner};
  }
  // Null when its owner is gone. Any thread.
  std::shared_ptr<T> find(void* opaque) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = items_.find(reinterpret_cast<std::uintptr_t>(opaque));
    return found == items_.end() ? nullptr : found->second.lock();
  }

 private:
  void remove(std::uintptr_t number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    items_.erase(number);
  }

  std::mutex mutex_;
  std::unordered_map<std::uintptr_t, std::weak_ptr<T>> items_;
  std::uintptr_t next_ = 1;
};

}  // namespace lv
