// SPDX-License-Identifier: Apache-2.0
#include "control/net/task.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <utility>

namespace fairlead::net {
namespace {

bool is_cancellation(const std::exception& error) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
  return system != nullptr && system->code() == asio::error::operation_aborted;
}

}  // namespace

Task<> sleep_for(Millis duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

struct TaskGroup::State {
  State(asio::any_io_executor on, Failed report)
      : executor(std::move(on)), failed(std::move(report)), empty(executor) {
    empty.expires_at(asio::steady_timer::time_point::max());
  }

  asio::any_io_executor executor;
  Failed failed;
  asio::steady_timer empty;  // cancelled when the last task ends
  std::list<asio::cancellation_signal> running;
  std::size_t failures = 0;

  void ended(std::list<asio::cancellation_signal>::iterator task, const std::string& name,
             const std::exception_ptr& exception) {
    running.erase(task);
    if (exception) note(name, exception);
    if (running.empty()) empty.cancel();
  }

  void note(const std::string& name, const std::exception_ptr& exception) {
    std::string what = "an unknown exception";
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& error) {
      if (is_cancellation(error)) return;
      what = error.what();
    } catch (...) {
    }
    ++failures;
    if (failed) failed(name, what);
  }
};

TaskGroup::TaskGroup(asio::any_io_executor executor, Failed failed)
    : state_(std::make_shared<State>(std::move(executor), std::move(failed))) {}

TaskGroup::~TaskGroup() {
  state_->failed = {};
  cancel();
}

void TaskGroup::spawn(std::string name, Task<> task) {
  const auto state = state_;
  const auto place = state->running.emplace(state->running.end());
  asio::co_spawn(state->executor, std::move(task),
                 asio::bind_cancellation_slot(place->slot(), [state, place, name = std::move(name)](
                                                                 const std::exception_ptr& exception) {
                   state->ended(place, name, exception);
                 }));
}

void TaskGroup::cancel() {
  const auto state = state_;
  for (auto task = state->running.begin(); task != state->running.end();) {
    const auto here = task++;  // a task may end, and leave the list, inside emit()
    here->emit(asio::cancellation_type::terminal);
  }
}

Task<> TaskGroup::wait() {
  const auto state = state_;
  while (!state->running.empty()) {
    boost::system::error_code woken;
    co_await state->empty.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

std::size_t TaskGroup::size() const { return state_->running.size(); }
std::size_t TaskGroup::failures() const { return state_->failures; }

}  // namespace fairlead::net
