// SPDX-License-Identifier: Apache-2.0
// /v1/snapshot: the whole store at one revision, while writes go on.
#include "base/io/clock.h"
#include "control/server/api/answers.h"
#include "control/server/api/api.h"
#include "control/store/snapshot/snapshot_file.h"

namespace fairlead::server {
namespace {

constexpr std::size_t kPageItems = 200;

std::string encode(store::SnapshotEncoder& encoder, const std::vector<store::KeyValue>& items) {
  std::string bytes;
  for (const store::KeyValue& item : items) bytes += encoder.item(item);
  return bytes;
}

// The next page, or why there is none; the first one fixes the revision.
Result<store::RangePage> read_page(State& state, store::RangeRequest& request) {
  FL_TRY(store::RangePage page, state.range(request));
  request.at = page.revision;
  request.page = page.next_page;
  return page;
}

}  // namespace

// A reader that is so slow that the revision is compacted is told so, and lacks the end.
net::Task<> Api::snapshot(net::Request request, net::WebSocketPtr stream) {
  const Result<> known = only(request, {});
  if (!known) {
    stream->close(format(known.error()));
    co_return;
  }
  State& state = cluster_.state();
  store::SnapshotEncoder encoder;
  store::RangeRequest next{"", state.published().snapshot.revision, kPageItems, ""};
  std::string bytes = encoder.head({state.published().cluster_id, next.at, wall_now()});
  do {
    const Result<store::RangePage> page = read_page(state, next);
    if (!page) {
      stream->close(format(page.error()));
      co_return;
    }
    bytes += encode(encoder, page->items);
    if (next.page.empty()) bytes += encoder.tail();
    net::Message message{std::move(bytes), true};
    const Result<> sent = co_await stream->send_when_room(std::move(message));
    if (!sent) co_return;
    bytes.clear();
  } while (!next.page.empty());
  stream->close("");
}

}  // namespace fairlead::server
