// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/durable.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

namespace fairlead::server {
namespace {

// Shared with the State, which may tell when the task is gone.
struct Told {
  explicit Told(const boost::asio::any_io_executor& executor)
      : wake(executor, boost::asio::steady_timer::time_point::max()) {}
  boost::asio::steady_timer wake;
  std::optional<Result<>> result;
};

}  // namespace

net::Task<Result<>> durable(State* state, State::Ticket own) {
  const auto told = std::make_shared<Told>(co_await boost::asio::this_coro::executor);
  state->when_durable(own, [told](Result<> result) {
    told->result = std::move(result);
    told->wake.cancel();
  });
  boost::system::error_code woken;
  if (!told->result)
    co_await told->wake.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  if (!told->result) co_return fail(Code::unavailable, "cluster state", "control is stopping", "try again");
  co_return *told->result;
}

}  // namespace fairlead::server
