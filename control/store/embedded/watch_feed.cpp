// SPDX-License-Identifier: Apache-2.0
#include "control/store/embedded/watch_feed.h"

#include <algorithm>
#include <utility>

#include "control/store/page.h"

namespace fairlead::store {

// Shared with the cursors, because a watch may outlive its store.
struct WatchFeed::State {
  const RevisionedMap* map = nullptr;  // null: the store is closed
  Revision durable;
  std::vector<Cursor*> cursors;
  std::uint64_t lagged = 0;
};

class WatchFeed::Cursor final : public Watch {
 public:
  Cursor(std::shared_ptr<State> state, std::string prefix, Revision after, Wake wake)
      : state_(std::move(state)), prefix_(std::move(prefix)), seen_(after), wake_(std::move(wake)) {
    state_->cursors.push_back(this);
  }
  ~Cursor() override { std::erase(state_->cursors, this); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  Result<std::optional<WatchBatch>> next() override {
    if (state_->map == nullptr)
      return fail(Code::unavailable, "watch", "the store is closed", "open it again");
    if (lagged_) return std::unexpected(*lagged_);
    skip();
    if (seen_ == state_->durable) {
      idle_ = true;
      return std::nullopt;
    }
    seen_ = Revision{seen_.value + 1};
    return WatchBatch{seen_, state_->map->events(seen_, prefix_)};
  }

  Revision seen() const override { return seen_; }

  // True when the watcher is to be woken.
  bool published() {
    if (lagged_ || !idle_) return false;
    skip();
    return seen_ != state_->durable && std::exchange(idle_, false);
  }

  // What it has not returned yet goes. No wake: a watch that has something to
  // return is not idle, so it has been woken and will ask.
  void compacting(Revision target) {
    if (lagged_) return;
    skip();
    if (seen_ >= target) return;
    lagged_ = readable(seen_, target, state_->durable).error();
    ++state_->lagged;
  }

  Wake wake() const { return wake_; }  // a copy: the watch may be destroyed from within

 private:
  // Passes over revisions that do not concern this prefix.
  void skip() {
    while (seen_ < state_->durable && !state_->map->touches(Revision{seen_.value + 1}, prefix_))
      seen_ = Revision{seen_.value + 1};
  }

  std::shared_ptr<State> state_;
  std::string prefix_;
  Revision seen_;
  Wake wake_;
  bool idle_ = true;
  std::optional<Error> lagged_;
};

WatchFeed::WatchFeed(const RevisionedMap& map) : state_(std::make_shared<State>()) {
  state_->map = &map;
  state_->durable = map.revision();
}

WatchFeed::~WatchFeed() { state_->map = nullptr; }

Result<std::unique_ptr<Watch>> WatchFeed::open(std::string prefix, Revision after, Wake wake) {
  FL_TRY_OK(readable(after, state_->map->compacted(), state_->durable));
  return std::make_unique<Cursor>(state_, std::move(prefix), after, std::move(wake));
}

void WatchFeed::published(Revision revision) {
  state_->durable = revision;
  std::vector<Cursor*> due;
  for (Cursor* cursor : state_->cursors)
    if (cursor->published()) due.push_back(cursor);
  for (Cursor* cursor : due) {
    if (std::ranges::find(state_->cursors, cursor) == state_->cursors.end()) continue;  // gone meanwhile
    if (const Wake wake = cursor->wake()) wake();
  }
}

void WatchFeed::compacting(Revision target) {
  for (Cursor* cursor : state_->cursors) cursor->compacting(target);
}

std::uint64_t WatchFeed::watches() const { return state_->cursors.size(); }
std::uint64_t WatchFeed::lagged() const { return state_->lagged; }

}  // namespace fairlead::store
