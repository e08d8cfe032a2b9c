// SPDX-License-Identifier: LGPL-2.1-or-later
// Methods of a connection. Each starts on JavaScript's thread and makes its libvirt call on the connection's thread,
// which also frees what libvirt allocated, in the same job.
#include <system_error>

#include "arguments.h"
#include "events.h"
#include "methods.h"
#include "request.h"

namespace lv {

struct OpenedConnection {
  std::shared_ptr<Session> session;
};

static Napi::Value toValue(Napi::Env env, const OpenedConnection& opened) {
  return wrap(env, ConnectionRef{opened.session});
}

namespace {

// A session that ends with its environment.
std::shared_ptr<Session> startSession(Napi::Env env) {
  try {
    auto session = Session::start();
    environmentOf(env).bridge->watch(session);
    return session;
  } catch (const std::system_error& error) {
    throw Napi::Error::New(env, std::string("cannot start a thread for the connection: ") + error.what());
  }
}

// Drivers inside the process have no peer that could fall silent. The connection's thread.
void keepAlive(virConnectPtr connection, int interval, unsigned int count) {
  if (library().virConnectSetKeepAlive(connection, interval, count) >= 0) return;
  LibvirtFailure failure = lastFailure();
  if (failure.code != VIR_ERR_NO_SUPPORT) throw Failure(std::move(failure));
}

// The session ends, and so closes the connection, when anything here fails.
Napi::Value open(const Napi::CallbackInfo& info) {
  auto uri = textAt(info, 0, "uri");
  const unsigned int flags = booleanAt(info, 1, "readOnly") ? VIR_CONNECT_RO : 0;
  const int interval = integerAt(info, 2, "keepAliveInterval");
  const unsigned int count = unsignedAt(info, 3, "keepAliveCount");
  const int token = integerAt(info, 4, "token");
  const auto bridge = environmentOf(info.Env()).bridge;
  const auto session = startSession(info.Env());
  return submit(info.Env(), session, [=](Session& running) {
    try {
      // No way to ask for credentials: libvirt's default would prompt on the terminal.
      running.adoptConnection(check(openLibrary().virConnectOpenAuth(uri.c_str(), nullptr, flags)));
      if (interval > 0) keepAlive(running.connection(), interval, count);
      watchConnection(running, bridge, token);
      return OpenedConnection{running.shared_from_this()};
    } catch (...) {
      running.end();
      throw;
    }
  }, Role::kOpen);
}

// After every call already made. Resolves with the number of references that libvirt still counts, which is 0.
Napi::Value close(const Napi::CallbackInfo& info) {
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, [](Session& session) { return session.close(); },
                Role::kLast);
}

// Gives up every call of the connection, also the one in flight; the thread ends by itself when that returns.
Napi::Value abandon(const Napi::CallbackInfo& info) {
  const auto session = refAt<ConnectionRef>(info, 0).session;
  session->abandon();
  const Failure failure(Disposed{"the connection was closed before the call was answered; it may have taken effect"});
  environmentOf(info.Env()).calls.giveUpAll(info.Env(), *session, failure);
  return info.Env().Undefined();
}

// Only JavaScript's thread.
Napi::Value hold(const Napi::CallbackInfo& info) {
  auto& ref = refAt<ConnectionRef>(info, 0);
  const bool wanted = booleanAt(info, 1, "hold");
  Bridge& bridge = *environmentOf(info.Env()).bridge;
  if (wanted && !ref.holds) bridge.hold();
  if (!wanted && ref.holds) bridge.drop();
  ref.holds = wanted;
  return info.Env().Undefined();
}

Napi::Value getUri(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) { return take(library().virConnectGetURI(connection)); });
}

Napi::Value getLibVersion(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) {
    unsigned long version = 0;
    check(library().virConnectGetLibVersion(connection, &version));
    return std::uint64_t{version};
  });
}

Napi::Value getVersion(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) {
    unsigned long version = 0;
    check(library().virConnectGetVersion(connection, &version));
    return std::uint64_t{version};
  });
}

Napi::Value getHostname(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) { return take(library().virConnectGetHostname(connection)); });
}

Napi::Value getCapabilities(const Napi::CallbackInfo& info) {
  return onConnection(info,
                      [](virConnectPtr connection) { return take(library().virConnectGetCapabilities(connection)); });
}

Napi::Value getDomainCapabilities(const Napi::CallbackInfo& info) {
  return onConnection(info, [emulator = optionalTextAt(info, 1, "emulator"), arch = optionalTextAt(info, 2, "arch"),
                             machine = optionalTextAt(info, 3, "machine"), virtType = optionalTextAt(info, 4, "virtType"),
                             flags = flagsAt(info, 5)](virConnectPtr connection) {
    return take(library().virConnectGetDomainCapabilities(connection, orNull(emulator), orNull(arch), orNull(machine),
                                                          orNull(virtType), flags));
  });
}

Napi::Value isAlive(const Napi::CallbackInfo& info) {
  return onConnection(info,
                      [](virConnectPtr connection) { return check(library().virConnectIsAlive(connection)) == 1; });
}

Napi::Value domainXmlToNative(const Napi::CallbackInfo& info) {
  return onConnection(info, [format = textAt(info, 1, "format"), xml = textAt(info, 2, "xml")](virConnectPtr connection) {
    return take(library().virConnectDomainXMLToNative(connection, format.c_str(), xml.c_str(), 0));
  });
}

Napi::Value domainXmlFromNative(const Napi::CallbackInfo& info) {
  return onConnection(info, [format = textAt(info, 1, "format"), config = textAt(info, 2, "config")](virConnectPtr connection) {
    return take(library().virConnectDomainXMLFromNative(connection, format.c_str(), config.c_str(), 0));
  });
}

// libvirt keeps the string.
Napi::Value getType(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) { return std::string(check(library().virConnectGetType(connection))); });
}

Napi::Value isSecure(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) { return check(library().virConnectIsSecure(connection)) == 1; });
}

Napi::Value isEncrypted(const Napi::CallbackInfo& info) {
  return onConnection(info,
                      [](virConnectPtr connection) { return check(library().virConnectIsEncrypted(connection)) == 1; });
}

Napi::Value getSysinfo(const Napi::CallbackInfo& info) {
  return onConnection(info, [](virConnectPtr connection) { return take(library().virConnectGetSysinfo(connection, 0)); });
}

Napi::Value getMaxVcpus(const Napi::CallbackInfo& info) {
  return onConnection(info, [type = optionalTextAt(info, 1, "type")](virConnectPtr connection) {
    return check(library().virConnectGetMaxVcpus(connection, orNull(type)));
  });
}

// The objects that the connection's thread keeps for JavaScript.
Napi::Value countHandles(const Napi::CallbackInfo& info) {
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, [](Session& session) {
    session.connection();
    return static_cast<unsigned int>(session.childCount());
  });
}

// On a thread of its own, because the library may have to be loaded first.
Napi::Value libraryVersion(const Napi::CallbackInfo& info) {
  const auto session = startSession(info.Env());
  const auto work = [](Session&) {
    unsigned long version = 0;
    check(openLibrary().virGetVersion(&version, nullptr, nullptr));
    return std::uint64_t{version};
  };
  return submit(info.Env(), session, work, Role::kLast);
}

}  // namespace

void addConnectionMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("libraryVersion", Napi::Function::New<libraryVersion>(env));
  exports.Set("connectionOpen", Napi::Function::New<open>(env));
  exports.Set("connectionClose", Napi::Function::New<close>(env));
  exports.Set("connectionAbandon", Napi::Function::New<abandon>(env));
  exports.Set("connectionHold", Napi::Function::New<hold>(env));
  exports.Set("connectionGetUri", Napi::Function::New<getUri>(env));
  exports.Set("connectionGetLibVersion", Napi::Function::New<getLibVersion>(env));
  exports.Set("connectionGetVersion", Napi::Function::New<getVersion>(env));
  exports.Set("connectionGetHostname", Napi::Function::New<getHostname>(env));
  exports.Set("connectionGetCapabilities", Napi::Function::New<getCapabilities>(env));
  exports.Set("connectionGetDomainCapabilities", Napi::Function::New<getDomainCapabilities>(env));
  exports.Set("connectionIsAlive", Napi::Function::New<isAlive>(env));
  exports.Set("connectionDomainXmlToNative", Napi::Function::New<domainXmlToNative>(env));
  exports.Set("connectionDomainXmlFromNative", Napi::Function::New<domainXmlFromNative>(env));
  exports.Set("connectionGetType", Napi::Function::New<getType>(env));
  exports.Set("connectionIsSecure", Napi::Function::New<isSecure>(env));
  exports.Set("connectionIsEncrypted", Napi::Function::New<isEncrypted>(env));
  exports.Set("connectionGetSysinfo", Napi::Function::New<getSysinfo>(env));
  exports.Set("connectionGetMaxVcpus", Napi::Function::New<getMaxVcpus>(env));
  exports.Set("connectionCountHandles", Napi::Function::New<countHandles>(env));
  exports.Set("subscribeNodeDevice", Napi::Function::New<subscribeNodeDevice>(env));
  exports.Set("subscribeDomain", Napi::Function::New<subscribeDomain>(env));
  exports.Set("unsubscribeNodeDevice", Napi::Function::New<unsubscribeNodeDevice>(env));
  exports.Set("unsubscribeDomain", Napi::Function::New<unsubscribeDomain>(env));
}

}  // namespace lv
