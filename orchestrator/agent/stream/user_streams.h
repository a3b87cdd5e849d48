// SPDX-License-Identifier: Apache-2.0
// exec, logs and drops for people: each stream that control opens is a thread
// of its own that produces output, and a task on the loop that sends it. A
// thread that is ahead of the network waits (a window of bytes), one that
// nobody listens to any more is stopped, and streams beyond the bound are
// refused. When control is lost all end, and with them their programs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "base/io/fd.h"
#include "control/net/task.h"
#include "control/proto/stream.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::follower {
class ControlLink;
}

namespace fairlead::agent {

class UserStreams {
 public:
  using Drops = std::function<Result<std::string>()>;  // the text of `node drops`, from any thread

  static constexpr std::size_t kMaxStreams = 64;

  UserStreams(boost::asio::io_context& loop, runtime::NodePaths paths, follower::ControlLink& link,
              Drops drops);
  ~UserStreams();  // stops and waits for every stream

  void open(const proto::StreamOpen& request);
  void data(const proto::StreamData& data);           // input of an exec
  void refuse(std::uint64_t id, const Error& error);  // counted
  void close(std::uint64_t id);
  void close_all();
  std::uint64_t refused() const { return refused_; }  // not opened, or cut

 private:
  struct Session;
  net::Task<> pump(std::shared_ptr<Session> session);
  void run(std::shared_ptr<Session> session, std::stop_token stop, Fd input);

  boost::asio::io_context& loop_;
  runtime::NodePaths paths_;
  follower::ControlLink& link_;
  Drops drops_;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  net::TaskGroup pumps_;
  std::uint64_t refused_ = 0;
};

}  // namespace fairlead::agent
