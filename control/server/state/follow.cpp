// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/follow.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "control/server/state/keys.h"

namespace fairlead::server {
namespace {

using Type = proto::WatchEvent::Type;

std::vector<proto::WatchEvent> list_all(const Snapshot& snapshot, Wanted wanted) {
  std::vector<proto::WatchEvent> all;
  each_object(snapshot, [&](const Object& object) {
    if (wanted(kind_of(object))) all.push_back({Type::put, snapshot.revision, object});
  });
  return all;
}

Result<proto::WatchEvent> to_event(State& state, const store::WatchEvent& change) {
  const Revision revision = change.now.mod_revision;
  if (change.type == store::Op::Type::erase) {
    FL_TRY(Object last, state.object_before(change.now.key, revision));
    return proto::WatchEvent{Type::remove, revision, std::move(last)};
  }
  FL_TRY(Object object, proto::decode_object(change.now.value));
  meta_of(object).revision = revision;
  return proto::WatchEvent{Type::put, revision, std::move(object)};
}

Result<std::vector<proto::WatchEvent>> to_events(State& state, const store::WatchBatch& batch,
                                                 Wanted wanted) {
  std::vector<proto::WatchEvent> events;
  for (const store::WatchEvent& change : batch.events) {
    const auto key = parse_object_key(change.now.key);
    if (key && !wanted(key->kind)) continue;
    FL_TRY(proto::WatchEvent event, to_event(state, change));
    events.push_back(std::move(event));
  }
  events.push_back({Type::bookmark, batch.revision, std::nullopt});
  return events;
}

net::Task<bool> send_all(net::WebSocketPtr stream, std::vector<proto::WatchEvent> events,
                         EncodeEvent encode) {
  for (const proto::WatchEvent& event : events) {
    net::Message message{encode(event), true};
    const Result<> sent = co_await stream->send_when_room(std::move(message));
    if (!sent) co_return false;
  }
  co_return true;
}

std::string reason_of(const Error& error) {
  return error.code == Code::compacted ? "compacted: watch again from 0"
                                       : std::string(to_string(error.code)) + ": " + error.reason;
}

}  // namespace

net::Task<> follow(State* state, Revision from, net::WebSocketPtr stream, EncodeEvent encode, Wanted wanted) {
  boost::asio::steady_timer changed(co_await boost::asio::this_coro::executor,
                                    boost::asio::steady_timer::time_point::max());
  const Revision start = from.value == 0 ? state->published().snapshot.revision : from;
  const auto watch = state->watch_objects(start, [&changed] { changed.cancel(); });
  if (!watch) {
    stream->close(reason_of(watch.error()));
    co_return;
  }
  std::vector<proto::WatchEvent> first;
  if (from.value == 0) first = list_all(state->published().snapshot, wanted);
  first.push_back({Type::synced, start, std::nullopt});
  bool open = co_await send_all(stream, std::move(first), encode);
  while (open) {
    auto batch = (*watch)->next();
    if (batch && !*batch) {
      boost::system::error_code woken;
      co_await changed.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
      open = stream->is_open();
      continue;
    }
    auto events = batch ? to_events(*state, **batch, wanted) : std::unexpected(batch.error());
    if (!events) {
      stream->close(reason_of(events.error()));
      co_return;
    }
    open = co_await send_all(stream, std::move(*events), encode);
  }
}

}  // namespace fairlead::server
