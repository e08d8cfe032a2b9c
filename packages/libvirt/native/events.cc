// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events.h"

#include "arguments.h"
#include "environment.h"
#include "request.h"

namespace lv {
namespace {

// What libvirt keeps for a callback; libvirt says when to delete it, on a thread of its choice.
struct Subscription {
  std::shared_ptr<Bridge> bridge;
  // Only for the callback of a lost connection.
  std::weak_ptr<Session> session;
  int token;
};

void freeSubscription(void* opaque) { delete static_cast<Subscription*>(opaque); }

// Gives an event to JavaScript. libvirt's event thread.
template <typename Event>
void deliver(void* opaque, Event event) {
  const auto* subscription = static_cast<const Subscription*>(opaque);
  event.token = subscription->token;
  subscription->bridge->post([event = std::move(event)](Napi::Env env) {
    const Napi::FunctionReference& dispatcher = environmentOf(env).dispatcher;
    if (!dispatcher.IsEmpty()) dispatcher.Call({toValue(env, event)});
  });
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

void onClose(virConnectPtr, int reason, void* opaque) {
  if (const auto session = static_cast<const Subscription*>(opaque)->session.lock()) session->markLost();
  deliver(opaque, CloseEvent{0, reason});
}

void onNodeDeviceLifecycle(virConnectPtr, virNodeDevicePtr device, int event, int detail, void* opaque) {
  deliver(opaque, NodeDeviceEvent{0, nameOf(device), event, detail});
}

void onNodeDeviceUpdate(virConnectPtr, virNodeDevicePtr device, void* opaque) {
  deliver(opaque, NodeDeviceUpdateEvent{0, nameOf(device)});
}

int onDomainLifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  deliver(opaque, DomainLifecycleEvent{0, nameOf(domain), uuidOf(domain), event, detail});
  return 0;
}

void onDomainDevice(virConnectPtr, virDomainPtr domain, const char* devAlias, void* opaque) {
  deliver(opaque, DomainDeviceEvent{0, nameOf(domain), uuidOf(domain), devAlias != nullptr ? devAlias : ""});
}

void onDomainMetadata(virConnectPtr, virDomainPtr domain, int type, const char* nsuri, void* opaque) {
  deliver(opaque, DomainMetadataEvent{0, nameOf(domain), uuidOf(domain), type,
                                      nsuri != nullptr ? std::optional<std::string>(nsuri) : std::nullopt});
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

// The event's number, the callback for it, and what goes with it. JavaScript's thread.
template <typename FindCallback>
auto callbackAt(const Napi::CallbackInfo& info, FindCallback find) {
  const auto callback = find(integerAt(info, 1, "eventId"));
  if (callback == nullptr) throw Napi::TypeError::New(info.Env(), "eventId must be an event that these bindings know");
  return callback;
}

}  // namespace

void watchConnection(Session& session, const std::shared_ptr<Bridge>& bridge, int token) {
  auto subscription = std::make_unique<Subscription>(Subscription{bridge, session.weak_from_this(), token});
  check(library().virConnectRegisterCloseCallback(session.connection(), onClose, subscription.get(), freeSubscription));
  subscription.release();
  session.setCloseCallback(onClose);
}

Napi::Value subscribeNodeDevice(const Napi::CallbackInfo& info) {
  const auto& session = refAt<ConnectionRef>(info, 0).session;
  const auto callback = callbackAt(info, nodeDeviceCallback);
  return submit(info.Env(), *session,
                [bridge = environmentOf(info.Env()).bridge, callback, eventId = integerAt(info, 1, "eventId"),
                 token = integerAt(info, 2, "token")](Session& running) {
                  auto subscription = std::make_unique<Subscription>(Subscription{bridge, {}, token});
                  const int id = check(library().virConnectNodeDeviceEventRegisterAny(
                      running.connection(), nullptr, eventId, callback, subscription.get(), freeSubscription));
                  subscription.release();
                  running.nodeDeviceCallbacks().insert(id);
                  return id;
                });
}

Napi::Value subscribeDomain(const Napi::CallbackInfo& info) {
  const auto& session = refAt<ConnectionRef>(info, 0).session;
  const auto callback = callbackAt(info, domainCallback);
  return submit(info.Env(), *session,
                [bridge = environmentOf(info.Env()).bridge, callback, eventId = integerAt(info, 1, "eventId"),
                 token = integerAt(info, 2, "token")](Session& running) {
                  auto subscription = std::make_unique<Subscription>(Subscription{bridge, {}, token});
                  const int id = check(library().virConnectDomainEventRegisterAny(
                      running.connection(), nullptr, eventId, callback, subscription.get(), freeSubscription));
                  subscription.release();
                  running.domainCallbacks().insert(id);
                  return id;
                });
}

Napi::Value unsubscribeNodeDevice(const Napi::CallbackInfo& info) {
  return submit(info.Env(), *refAt<ConnectionRef>(info, 0).session,
                [id = integerAt(info, 1, "callbackId")](Session& session) {
                  check(library().virConnectNodeDeviceEventDeregisterAny(session.connection(), id));
                  session.nodeDeviceCallbacks().erase(id);
                });
}

Napi::Value unsubscribeDomain(const Napi::CallbackInfo& info) {
  return submit(info.Env(), *refAt<ConnectionRef>(info, 0).session,
                [id = integerAt(info, 1, "callbackId")](Session& session) {
                  check(library().virConnectDomainEventDeregisterAny(session.connection(), id));
                  session.domainCallbacks().erase(id);
                });
}

}  // namespace lv
