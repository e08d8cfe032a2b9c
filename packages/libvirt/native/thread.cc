// SPDX-License-Identifier: LGPL-2.1-or-later
#include "thread.h"

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace lv {
namespace {

// Restores the caller's signal mask, also when the thread cannot be created.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t previous_;
};

}  // namespace

void startThread(const char* name, std::function<void()> run) {
  const BlockedSignals blocked;
  std::thread thread(std::move(run));
  pthread_setname_np(thread.native_handle(), name);
  thread.detach();
}

}  // namespace lv
