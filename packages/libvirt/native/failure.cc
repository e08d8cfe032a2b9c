// SPDX-License-Identifier: LGPL-2.1-or-later
#include "failure.h"

#include <utility>

#include "symbols.h"

namespace lv {
namespace {

std::optional<std::string> copy(const char* text) {
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

LibvirtFailure lastFailure() {
  const virError* error = library().virGetLastError();
  if (error == nullptr || error->code == VIR_ERR_OK) {
    return ownFailure(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "libvirt failed and did not say why");
  }
  return {error->code,       error->domain,     error->level, error->message != nullptr ? error->message : "",
          copy(error->str1), copy(error->str2), copy(error->str3), error->int1, error->int2};
}

LibvirtFailure ownFailure(int code, int domain, std::string message) {
  return {code, domain, VIR_ERR_ERROR, std::move(message), std::nullopt, std::nullopt, std::nullopt, 0, 0};
}

void throwTooOld(const char* function, const char* since) {
  throw Failure(ownFailure(VIR_ERR_NO_SUPPORT, VIR_FROM_NONE, std::string(function) + " needs libvirt " + since));
}

}  // namespace lv
