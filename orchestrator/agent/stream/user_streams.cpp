// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/stream/user_streams.h"

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>

#include "base/io/log.h"
#include "control/follower/control_link.h"
#include "orchestrator/agent/stream/stream_work.h"

namespace fairlead::agent {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kWindow = 256U << 10;  // output on its way, per stream
constexpr std::size_t kMaxChunk = 64U << 10;
constexpr std::size_t kMaxInput = 1U << 20;  // input that the program has not read

// Bytes between the producing thread and the loop.
class Window {
 public:
  bool take(std::size_t bytes) {  // waits for room; false once closed
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || used_ < kWindow; });
    used_ += bytes;
    return !closed_;
  }
  void give(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    room_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t used_ = 0;
  bool closed_ = false;
};

std::size_t size_of(const proto::AgentMessage& message) {
  const auto* data = std::get_if<proto::StreamData>(&message);
  return data ? data->bytes.size() : 0;
}

}  // namespace

struct UserStreams::Session {
  Session(asio::io_context& loop, proto::StreamOpen open)
      : request(std::move(open)), news(loop), input(loop) {
    news.expires_at(asio::steady_timer::time_point::max());
  }

  proto::StreamOpen request;
  asio::steady_timer news;  // cancelled when `queue` gets something
  std::deque<proto::AgentMessage> queue;
  Window window;
  asio::posix::stream_descriptor input;  // the program's stdin, our end
  std::deque<std::string> input_queue;   // an empty one closes it
  std::size_t input_bytes = 0;
  std::optional<Error> cut;  // why we ended it
  std::jthread thread;

  void enqueue(proto::AgentMessage message) {
    queue.push_back(std::move(message));
    news.cancel();
  }
  void finish(proto::StreamClose end) {
    if (cut) end = {request.id, 1, cut};
    enqueue(std::move(end));
  }
  void stop() {
    thread.request_stop();
    window.close();
    boost::system::error_code ignored;
    (void)input.close(ignored);
  }
};

UserStreams::UserStreams(asio::io_context& loop, runtime::NodePaths paths, follower::ControlLink& link,
                         Drops drops)
    : loop_(loop),
      paths_(std::move(paths)),
      link_(link),
      drops_(std::move(drops)),
      pumps_(loop.get_executor()) {}

UserStreams::~UserStreams() {
  close_all();
  for (auto& [id, session] : sessions_)
    if (session->thread.joinable()) session->thread.join();
}

void UserStreams::run(std::shared_ptr<Session> session, std::stop_token stop, Fd input) {
  const proto::StreamOpen& request = session->request;
  const Emit emit = [&](proto::Channel channel, std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMaxChunk))) {
      std::string part(bytes.substr(0, kMaxChunk));
      if (!session->window.take(part.size())) return false;
      asio::post(loop_,
                 [session, message = proto::StreamData{request.id, channel, std::move(part)}]() mutable {
                   session->enqueue(std::move(message));
                 });
    }
    return true;
  };
  proto::StreamClose end{request.id, 0, {}};
  if (request.kind == proto::StreamOpen::Kind::exec) {
    end = run_exec(paths_, request, input.get(), emit, stop);
  } else if (request.kind == proto::StreamOpen::Kind::logs) {
    end = run_logs(paths_, request, emit, stop);
  } else if (const Result<std::string> text = drops_(); text) {
    emit(proto::Channel::out, *text);
  } else {
    end = {request.id, 1, text.error()};
  }
  asio::post(loop_, [session, end] { session->finish(end); });
}

net::Task<> UserStreams::pump(std::shared_ptr<Session> session) {
  for (bool open = true; open;) {
    if (session->queue.empty()) {
      boost::system::error_code woken;
      co_await session->news.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      continue;
    }
    const proto::AgentMessage message = std::move(session->queue.front());
    session->queue.pop_front();
    const bool sent = co_await link_.send_when_room(message);
    session->window.give(size_of(message));
    if (!sent) session->stop();
    open = !std::holds_alternative<proto::StreamClose>(message);
  }
  session->thread.join();  // its last act was to queue the close
  sessions_.erase(session->request.id);
}

void UserStreams::refuse(std::uint64_t id, const Error& error) {
  ++refused_;
  link_.send(proto::StreamClose{id, 1, error});
}

void UserStreams::open(const proto::StreamOpen& request) {
  if (sessions_.size() >= kMaxStreams || sessions_.contains(request.id))
    return refuse(request.id,
                  {Code::exhausted, "stream", "this node serves as many as it may", "end others first"});
  const auto session = std::make_shared<Session>(loop_, request);
  Fd input;
  if (request.kind == proto::StreamOpen::Kind::exec) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return refuse(request.id,
                    os_error(errno, "stream", "End other streams to this node, or raise its limits"));
    input = Fd(ends[0]);
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    session->input.assign(ends[1]);
  }
  sessions_.emplace(request.id, session);
  pumps_.spawn("stream " + std::to_string(request.id), pump(session));
  session->thread = std::jthread([this, session, in = std::move(input)](std::stop_token stop) mutable {
    run(session, std::move(stop), std::move(in));
  });
}

namespace {

template <class Session>
void feed_input(const std::shared_ptr<Session>& session) {
  if (session->input_queue.empty() || !session->input.is_open()) return;
  if (session->input_queue.front().empty()) return session->input.close();
  asio::async_write(session->input, asio::buffer(session->input_queue.front()),
                    [session](const boost::system::error_code& error, std::size_t written) {
                      session->input_bytes -= written;
                      if (error) {  // the program closed it, or is over: nobody reads the rest
                        session->input_queue.clear();
                        session->input_bytes = 0;
                        boost::system::error_code ignored;
                        (void)session->input.close(ignored);
                        return;
                      }
                      session->input_queue.pop_front();
                      feed_input(session);
                    });
}

}  // namespace

void UserStreams::data(const proto::StreamData& data) {
  const auto found = sessions_.find(data.id);
  if (found == sessions_.end() || data.channel != proto::Channel::in) return;
  const auto session = found->second;
  if (!session->input.is_open()) return;
  session->input_bytes += data.bytes.size();
  if (session->input_bytes > kMaxInput) {
    ++refused_;
    session->cut = Error{Code::exhausted, "stream", "the program left 1 MiB of its input unread",
                         "send less, or run a program that reads it"};
    return session->stop();
  }
  session->input_queue.push_back(data.bytes);
  if (session->input_queue.size() == 1) feed_input(session);
}

void UserStreams::close(std::uint64_t id) {
  if (const auto found = sessions_.find(id); found != sessions_.end()) found->second->stop();
}

void UserStreams::close_all() {
  for (auto& [id, session] : sessions_) session->stop();
}

}  // namespace fairlead::agent
