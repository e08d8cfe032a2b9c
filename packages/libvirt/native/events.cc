// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events.h"

#include <unordered_map>
#include <utility>

#include "arguments.h"
#include "deliver.h"
#include "registry.h"
#include "request.h"

namespace lv {
namespace {

// What libvirt keeps for an event's callback; libvirt says when to delete it, on a thread of its choice.
struct Subscription {
  std::shared_ptr<Bridge> bridge;
  int token;
};

void freeSubscription(void* opaque) { delete static_cast<Subscription*>(opaque); }

// What the session keeps for the callback of a lost connection. A driver that never loses a connection accepts the
// callback and forgets it, also to free what goes with it.
struct CloseWatch {
  std::weak_ptr<Session> session;
  std::shared_ptr<Bridge> bridge;
  int token;
};

// Never deleted: libvirt's event thread may use it while the process exits.
Registry<CloseWatch>& closeWatches() {
  static auto* watches = new Registry<CloseWatch>;
  return *watches;
}

// libvirt's event thread.
template <typename Event>
void deliver(void* opaque, Event event) {
  const auto* subscription = static_cast<const Subscription*>(opaque);
  deliver(*subscription->bridge, subscription->token, std::move(event));
}

struct CloseEvent {
  int token;
  int reason;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("close"));
    add("reason", reason);
  }
};

struct NodeDeviceEvent {
  int token;
  std::string name;
  int event;
  int detail;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("node-device"));
    add("name", name);
    add("event", event);
    add("detail", detail);
  }
};

struct NodeDeviceUpdateEvent {
  int token;
  std::string name;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("node-device-update"));
    add("name", name);
  }
};

struct DomainLifecycleEvent {
  int token;
  std::string name;
  std::string uuid;
  int event;
  int detail;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("domain-lifecycle"));
    add("name", name);
    add("uuid", uuid);
    add("event", event);
    add("detail", detail);
  }
};

struct DomainDeviceEvent {
  int token;
  std::string name;
  std::string uuid;
  std::string devAlias;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("domain-device"));
    add("name", name);
    add("uuid", uuid);
    add("devAlias", devAlias);
  }
};

struct DomainMetadataEvent {
  int token;
  std::string name;
  std::string uuid;
  int type;
  std::optional<std::string> nsuri;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("domain-metadata"));
    add("name", name);
    add("uuid", uuid);
    add("type", type);
    add("nsuri", nsuri);
  }
};

// libvirt's callbacks. Its event thread; the names and UUIDs are in the objects, so no call goes to the daemon.

void onClose(virConnectPtr, int reason, void* opaque) noexcept {
  guarded([=] {
    const auto watch = closeWatches().find(opaque);
    if (watch == nullptr) return;
    if (const auto session = watch->session.lock()) session->markLost();
    deliver(*watch->bridge, watch->token, CloseEvent{0, reason});
  });
}

void onNodeDeviceLifecycle(virConnectPtr, virNodeDevicePtr device, int event, int detail, void* opaque) noexcept {
  guarded([=] { deliver(opaque, NodeDeviceEvent{0, nameOf(device), event, detail}); });
}

void onNodeDeviceUpdate(virConnectPtr, virNodeDevicePtr device, void* opaque) noexcept {
  guarded([=] { deliver(opaque, NodeDeviceUpdateEvent{0, nameOf(device)}); });
}

int onDomainLifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) noexcept {
  guarded([=] { deliver(opaque, DomainLifecycleEvent{0, nameOf(domain), uuidOf(domain), event, detail}); });
  return 0;
}

void onDomainDevice(virConnectPtr, virDomainPtr domain, const char* devAlias, void* opaque) noexcept {
  guarded([=] {
    deliver(opaque, DomainDeviceEvent{0, nameOf(domain), uuidOf(domain), devAlias != nullptr ? devAlias : ""});
  });
}

void onDomainMetadata(virConnectPtr, virDomainPtr domain, int type, const char* nsuri, void* opaque) noexcept {
  guarded([=] {
    deliver(opaque, DomainMetadataEvent{0, nameOf(domain), uuidOf(domain), type,
                                        nsuri != nullptr ? std::optional<std::string>(nsuri) : std::nullopt});
  });
}

// libvirt takes every callback as one type and calls it with the event's own.
template <typename Generic, typename Callback>
Generic generic(Callback callback) {
  return reinterpret_cast<Generic>(reinterpret_cast<void (*)()>(callback));
}

virConnectNodeDeviceEventGenericCallback nodeDeviceCallback(int eventId) {
  using Generic = virConnectNodeDeviceEventGenericCallback;
  switch (eventId) {
    case VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE:
      return generic<Generic>(onNodeDeviceLifecycle);
    case VIR_NODE_DEVICE_EVENT_ID_UPDATE:
      return generic<Generic>(onNodeDeviceUpdate);
    default:
      return nullptr;
  }
}

virConnectDomainEventGenericCallback domainCallback(int eventId) {
  using Generic = virConnectDomainEventGenericCallback;
  switch (eventId) {
    case VIR_DOMAIN_EVENT_ID_LIFECYCLE:
      return generic<Generic>(onDomainLifecycle);
    case VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED:
    case VIR_DOMAIN_EVENT_ID_DEVICE_ADDED:
    case VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED:
      return generic<Generic>(onDomainDevice);
    case VIR_DOMAIN_EVENT_ID_METADATA_CHANGE:
      return generic<Generic>(onDomainMetadata);
    default:
      return nullptr;
  }
}

using Callbacks = std::unordered_map<int, int>& (Session::*)();

// Registers libvirt's callback for an event; libvirt then owns the subscription.
template <auto Symbols::*registerAny, Callbacks callbacks, typename FindCallback>
Napi::Value subscribe(const Napi::CallbackInfo& info, FindCallback find) {
  const int eventId = integerAt(info, 1, "eventId");
  const int token = integerAt(info, 2, "token");
  const auto callback = find(eventId);
  if (callback == nullptr) throw Napi::TypeError::New(info.Env(), "eventId must be an event that these bindings know");
  const auto bridge = environmentOf(info.Env()).bridge;
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, [=](Session& session) {
    auto subscription = std::make_unique<Subscription>(Subscription{bridge, token});
    const int id = check((library().*registerAny)(session.connection(), nullptr, eventId, callback, subscription.get(),
                                                  freeSubscription));
    subscription.release();
    (session.*callbacks)().emplace(eventId, id);
  });
}

// Ends an event's registration, if there is one; libvirt then frees the subscription.
template <auto Symbols::*deregisterAny, Callbacks callbacks>
Napi::Value unsubscribe(const Napi::CallbackInfo& info) {
  const int eventId = integerAt(info, 1, "eventId");
  return submit(info.Env(), refAt<ConnectionRef>(info, 0).session, [=](Session& session) {
    auto& registered = (session.*callbacks)();
    const auto found = registered.find(eventId);
    if (found == registered.end()) return;
    check((library().*deregisterAny)(session.connection(), found->second));
    registered.erase(found);
  });
}

}  // namespace

void watchConnection(Session& session, const std::shared_ptr<Bridge>& bridge, int token) {
  auto [opaque, watch] = closeWatches().add({session.weak_from_this(), bridge, token});
  check(library().virConnectRegisterCloseCallback(session.connection(), onClose, opaque, nullptr));
  session.setCloseCallback(onClose, std::move(watch));
}

Napi::Value subscribeNodeDevice(const Napi::CallbackInfo& info) {
  return subscribe<&Symbols::virConnectNodeDeviceEventRegisterAny, &Session::nodeDeviceCallbacks>(info,
                                                                                                  nodeDeviceCallback);
}

Napi::Value subscribeDomain(const Napi::CallbackInfo& info) {
  return subscribe<&Symbols::virConnectDomainEventRegisterAny, &Session::domainCallbacks>(info, domainCallback);
}

Napi::Value unsubscribeNodeDevice(const Napi::CallbackInfo& info) {
  return unsubscribe<&Symbols::virConnectNodeDeviceEventDeregisterAny, &Session::nodeDeviceCallbacks>(info);
}

Napi::Value unsubscribeDomain(const Napi::CallbackInfo& info) {
  return unsubscribe<&Symbols::virConnectDomainEventDeregisterAny, &Session::domainCallbacks>(info);
}

}  // namespace lv
