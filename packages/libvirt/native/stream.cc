// SPDX-License-Identifier: LGPL-2.1-or-later
// Consoles and screenshots. A console's stream is non-blocking: reading and writing are jobs of the connection's thread
// like every other call, and libvirt's event thread only says when to try again.
#include <vector>

#include "arguments.h"
#include "deliver.h"
#include "methods.h"
#include "registry.h"
#include "request.h"

namespace lv {
namespace {

constexpr std::size_t kChunk = 65536;
// libvirt's sign that a non-blocking call has to wait.
constexpr int kWouldBlock = -2;

struct StreamWatch {
  std::shared_ptr<Bridge> bridge;
  int token;
};

// Never deleted: libvirt's event thread may use it while the process exits.
Registry<StreamWatch>& streamWatches() {
  static auto* watches = new Registry<StreamWatch>;
  return *watches;
}

struct StreamEvent {
  int token;
  int events;
  template <typename Add>
  void describe(Add add) const {
    add("token", token);
    add("kind", std::string("stream"));
    add("events", events);
  }
};

// libvirt's event thread.
void onStream(virStreamPtr stream, int events, void* opaque) noexcept {
  // Or it would be called again until the connection's thread comes to read.
  library().virStreamEventUpdateCallback(stream, 0);
  guarded([=] {
    const auto watch = streamWatches().find(opaque);
    if (watch != nullptr) deliver(*watch->bridge, watch->token, StreamEvent{0, events});
  });
}

// Only the connection's thread.
class Stream final : public Child {
 public:
  explicit Stream(Owned<StreamTraits> owned) : owned_(std::move(owned)) {}
  void watch(StreamWatch watch) {
    auto [opaque, owner] = streamWatches().add(std::move(watch));
    check(library().virStreamEventAddCallback(get(), 0, onStream, opaque, nullptr));
    watch_ = std::move(owner);
  }
  // One event, when one of these is possible.
  void wait(int events) {
    wanted_ |= events;
    check(library().virStreamEventUpdateCallback(get(), wanted_ | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP));
  }
  void done(int events) { wanted_ &= ~events; }
  void release() noexcept override {
    if (owned_ != nullptr && watch_ != nullptr) library().virStreamEventRemoveCallback(owned_.get());
    watch_.reset();
    owned_.reset();
  }
  virStreamPtr get() const {
    if (owned_ == nullptr) throw Failure(Disposed{"the stream was closed"});
    return owned_.get();
  }

 private:
  Owned<StreamTraits> owned_;
  std::shared_ptr<StreamWatch> watch_;
  int wanted_ = 0;
};

struct StreamRef {
  std::shared_ptr<Session> session;
  std::shared_ptr<Stream> object;

  static constexpr const char* kName = "stream";
  static constexpr napi_type_tag kTag = {0x6c69627669727404, 0x7374726500000004};
  void forget() const {
    session->post([object = object](Session& session) { session.release(object); });
  }
};

struct OpenedStream {
  StreamRef ref;
};
Napi::Value toValue(Napi::Env env, const OpenedStream& opened) { return wrap(env, opened.ref); }
void discard(const OpenedStream& opened) { opened.ref.forget(); }

// As onObject, for work that wants the stream itself.
template <typename Work>
Napi::Value onStreamObject(const Napi::CallbackInfo& info, Work work) {
  const auto& ref = refAt<StreamRef>(info, 0);
  return submit(info.Env(), ref.session, [object = ref.object, work = std::move(work)](Session& session) {
    session.connection();
    return work(*object);
  });
}

// A terminal of a domain; JavaScript hears of it under the token.
template <auto Symbols::*function>
Napi::Value openStream(const Napi::CallbackInfo& info, const char* name) {
  const auto& ref = refAt<DomainRef>(info, 0);
  const auto bridge = environmentOf(info.Env()).bridge;
  return submit(info.Env(), ref.session,
                [=, object = ref.object, device = optionalTextAt(info, 1, name), flags = flagsAt(info, 2),
                 token = integerAt(info, 3, "token")](Session& session) {
                  auto stream = std::make_shared<Stream>(
                      Owned<StreamTraits>(check(library().virStreamNew(session.connection(), VIR_STREAM_NONBLOCK))));
                  check((library().*function)(object->get(), orNull(device), stream->get(), flags));
                  session.adopt(stream);
                  try {
                    stream->watch({bridge, token});
                  } catch (...) {
                    session.release(stream);
                    throw;
                  }
                  return OpenedStream{{session.shared_from_this(), stream}};
                });
}

Napi::Value openConsole(const Napi::CallbackInfo& info) {
  return openStream<&Symbols::virDomainOpenConsole>(info, "device");
}

Napi::Value openChannel(const Napi::CallbackInfo& info) { return openStream<&Symbols::virDomainOpenChannel>(info, "name"); }

// Only posts: ending the stream happens after the calls already made.
Napi::Value release(const Napi::CallbackInfo& info) {
  refAt<StreamRef>(info, 0).forget();
  return info.Env().Undefined();
}

// Bytes, none at the end of the stream; null when there are none now, and then an event says when to try again.
Napi::Value receive(const Napi::CallbackInfo& info) {
  return onStreamObject(info, [](Stream& stream) -> std::optional<Bytes> {
    Bytes bytes{std::string(kChunk, '\0')};
    const int count = library().virStreamRecv(stream.get(), bytes.data.data(), bytes.data.size());
    if (count == kWouldBlock) {
      stream.wait(VIR_STREAM_EVENT_READABLE);
      return std::nullopt;
    }
    stream.done(VIR_STREAM_EVENT_READABLE);
    bytes.data.resize(static_cast<std::size_t>(check(count)));
    return bytes;
  });
}

// How many bytes were taken; null when none can be now, and then an event says when to try again.
Napi::Value send(const Napi::CallbackInfo& info) {
  if (!info[1].IsBuffer()) throw Napi::TypeError::New(info.Env(), "data must be a Buffer");
  const auto buffer = info[1].As<Napi::Buffer<char>>();
  std::string data(buffer.Data(), std::min(buffer.Length(), kChunk));
  return onStreamObject(info, [data = std::move(data)](Stream& stream) -> std::optional<int> {
    const int count = library().virStreamSend(stream.get(), data.data(), data.size());
    if (count == kWouldBlock) {
      stream.wait(VIR_STREAM_EVENT_WRITABLE);
      return std::nullopt;
    }
    stream.done(VIR_STREAM_EVENT_WRITABLE);
    return check(count);
  });
}

struct Screenshot {
  std::string mimeType;
  Bytes data;
  template <typename Add>
  void describe(Add add) const {
    add("mimeType", mimeType);
    add("data", data);
  }
};

// Reads the whole picture in one job.
Napi::Value screenshot(const Napi::CallbackInfo& info) {
  const auto& ref = refAt<DomainRef>(info, 0);
  return submit(info.Env(), ref.session, [object = ref.object, screen = unsignedAt(info, 1, "screen")](Session& session) {
    const Symbols& lib = library();
    const Owned<StreamTraits> stream(check(lib.virStreamNew(session.connection(), 0)));
    Screenshot result{take(lib.virDomainScreenshot(object->get(), stream.get(), screen, 0)), {}};
    std::vector<char> chunk(kChunk);
    for (;;) {
      const int count = check(lib.virStreamRecv(stream.get(), chunk.data(), chunk.size()));
      if (count == 0) break;
      result.data.data.append(chunk.data(), static_cast<std::size_t>(count));
    }
    check(lib.virStreamFinish(stream.get()));
    return result;
  });
}

}  // namespace

void addStreamMethods(Napi::Env env, Napi::Object exports) {
  exports.Set("domainOpenConsole", Napi::Function::New<openConsole>(env));
  exports.Set("domainOpenChannel", Napi::Function::New<openChannel>(env));
  exports.Set("domainScreenshot", Napi::Function::New<screenshot>(env));
  exports.Set("streamReceive", Napi::Function::New<receive>(env));
  exports.Set("streamSend", Napi::Function::New<send>(env));
  exports.Set("streamRelease", Napi::Function::New<release>(env));
}

}  // namespace lv
