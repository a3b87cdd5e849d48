// SPDX-License-Identifier: Apache-2.0
// Task and TaskGroup: coroutines with an owner. A daemon is one io_context on
// one thread; whatever it starts belongs to a group, whose wait() ends when the
// last of its tasks has, and which reports a task's exception by its name.
//
// A coroutine is a named function that takes its parameters by value.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/time.h"

namespace fairlead::net {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

// Suspends the caller. In a cancelled task this, like every await, throws operation_aborted.
Task<> sleep_for(Millis duration);

class TaskGroup {
 public:
  // Called with a task's name and its exception's text, on the loop's thread.
  using Failed = std::function<void(const std::string& name, const std::string& what)>;

  explicit TaskGroup(asio::any_io_executor executor, Failed failed = {});
  ~TaskGroup();  // tasks that still run are cancelled; the loop must run on to end them

  void spawn(std::string name, Task<> task);
  void cancel();  // asks every task to end: its pending operation fails with operation_aborted
  Task<> wait();  // returns when no task is left
  std::size_t size() const;
  std::size_t failures() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
