// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

namespace lv {

// Starts a detached thread that receives no signals: those belong to Node's main thread.
// `name` has at most 15 characters. Any thread; throws std::system_error when there are too many threads.
void startThread(const char* name, std::function<void()> run);

}  // namespace lv
