// SPDX-License-Identifier: Apache-2.0
#include "control/net/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <stdexcept>
#include <vector>

namespace fairlead::net {
namespace {

Task<> fail_with(std::string what) {
  co_await sleep_for(Millis(1));
  throw std::runtime_error(what);
}

Task<> sleep_and_note(Millis duration, std::vector<std::string>* notes, std::string note) {
  co_await sleep_for(duration);
  notes->push_back(note);
}

Task<> wait_and_note(TaskGroup* group, std::vector<std::string>* notes) {
  co_await group->wait();
  notes->push_back("all ended");
}

Task<> cancel_soon(TaskGroup* group) {
  co_await sleep_for(Millis(5));
  group->cancel();
}

TEST(TaskGroup, WaitsForEveryTaskAndSeesExceptions) {
  asio::io_context loop(1);
  std::vector<std::string> notes;
  TaskGroup group(loop.get_executor(), [&](const std::string& name, const std::string& what) {
    notes.push_back(name + ": " + what);
  });
  group.spawn("short", sleep_and_note(Millis(5), &notes, "slept"));
  group.spawn("bad", fail_with("broken"));
  asio::co_spawn(loop, wait_and_note(&group, &notes), asio::detached);
  loop.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"bad: broken", "slept", "all ended"}));
  EXPECT_EQ(group.failures(), 1U);
}

TEST(TaskGroup, CancelEndsTasksWithoutAFailure) {
  asio::io_context loop(1);
  std::vector<std::string> notes;
  TaskGroup group(loop.get_executor());
  group.spawn("long", sleep_and_note(Millis(3600000), &notes, "never"));
  asio::co_spawn(loop, cancel_soon(&group), asio::detached);
  asio::co_spawn(loop, wait_and_note(&group, &notes), asio::detached);
  loop.run();
  EXPECT_EQ(notes, (std::vector<std::string>{"all ended"}));
  EXPECT_EQ(group.failures(), 0U);
  EXPECT_EQ(group.size(), 0U);
}

}  // namespace
}  // namespace fairlead::net
