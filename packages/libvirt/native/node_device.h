// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

#include "symbols.h"

namespace lv {

// The parent's name; nothing for the root of the tree. The connection's thread.
std::optional<std::string> parentOf(virNodeDevicePtr device);

}  // namespace lv
