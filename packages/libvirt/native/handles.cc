// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handles.h"

namespace lv {

template <>
const char* const NodeDeviceRef::kName = "device";
template <>
const napi_type_tag NodeDeviceRef::kTag = {0x6c69627669727402, 0x6e6f646500000002};
template <>
const char* const DomainRef::kName = "domain";
template <>
const napi_type_tag DomainRef::kTag = {0x6c69627669727403, 0x646f6d6100000003};

}  // namespace lv
