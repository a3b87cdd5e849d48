// SPDX-License-Identifier: Apache-2.0
// logs and exec: one WebSocket to control. Downwards come StreamData (out, err)
// and one StreamClose; upwards goes stdin as StreamData (in), whose empty
// message is its end.
#include "control/proto/stream.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "control/net/stream_client.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/view/ready.h"

namespace fairlead::cli {
namespace {

namespace asio = boost::asio;
using Buffer = std::array<char, 32768>;
constexpr auto kAwaitable = asio::as_tuple(asio::use_awaitable);

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads our output any more
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

net::Task<Result<>> send_input(net::WebSocketPtr socket, std::string bytes) {
  proto::AgentMessage message = proto::StreamData{0, proto::Channel::in, std::move(bytes)};
  net::Message frame{proto::encode(message), true};
  Result<> sent = co_await socket->send_when_room(std::move(frame));
  co_return sent;
}

// A file is always readable and cannot be waited for; anything else can.
net::Task<std::size_t> read_input(asio::posix::stream_descriptor& input, bool is_file, Buffer& buffer) {
  if (is_file) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    co_return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  const auto [error, got] = co_await input.async_read_some(asio::buffer(buffer), kAwaitable);
  co_return error ? 0 : got;
}

net::Task<> send_stdin(net::WebSocketPtr socket, bool with_stdin) {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  struct stat kind{};
  const bool is_file = ::fstat(STDIN_FILENO, &kind) != 0 || S_ISREG(kind.st_mode) || S_ISDIR(kind.st_mode);
  asio::posix::stream_descriptor input(executor);
  if (with_stdin && !is_file) input.assign(::dup(STDIN_FILENO));
  Buffer buffer{};
  while (with_stdin) {
    const std::size_t got = co_await read_input(input, is_file, buffer);
    if (got == 0) break;
    const Result<> sent = co_await send_input(socket, std::string(buffer.data(), got));
    if (!sent) co_return;
  }
  const Result<> ended = co_await send_input(socket, "");
  static_cast<void>(ended);  // a stream that has ended meanwhile needs no end of input
}

// The exit code that the stream ends with.
net::Task<Outcome<int>> receive_until_closed(net::WebSocketPtr socket) {
  while (true) {
    Result<net::Message> frame = co_await socket->receive();
    if (!frame) co_return std::unexpected(Failure({std::move(frame).error()}, kUnreachable));
    auto message = proto::decode_control_message(frame->bytes);
    if (!message) co_return std::unexpected(Failure(std::move(message).error()));
    if (const auto* data = std::get_if<proto::StreamData>(&*message))
      write_all(data->channel == proto::Channel::err ? STDERR_FILENO : STDOUT_FILENO, data->bytes);
    const auto* close = std::get_if<proto::StreamClose>(&*message);
    if (close == nullptr) continue;
    if (close->error) co_return std::unexpected(Failure(*close->error));
    co_return close->exit_code;
  }
}

Failure not_opened(Error error) {
  const int exit = error.code == Code::unavailable ? kUnreachable : exit_code(error.code);
  return Failure({std::move(error)}, exit);
}

net::Task<Outcome<int>> run(net::ServerAddress control, std::string target, bool sends, bool with_stdin) {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  Result<net::WebSocketPtr> socket =
      co_await net::connect_stream(std::move(control), std::move(target), net::StreamLimits{});
  if (!socket) co_return std::unexpected(not_opened(std::move(socket).error()));
  net::TaskGroup input(executor);
  if (sends) input.spawn("stdin", send_stdin(*socket, with_stdin));
  Outcome<int> ended = co_await receive_until_closed(*socket);
  input.cancel();
  (*socket)->close("done");
  co_await input.wait();
  co_return ended;
}

Outcome<int> run_to_end(const Session& session, std::string target, bool sends, bool with_stdin) {
  asio::io_context loop(1);
  std::optional<Outcome<int>> outcome;
  std::exception_ptr broken;
  asio::co_spawn(loop, run(session.control, std::move(target), sends, with_stdin),
                 [&](std::exception_ptr thrown, Outcome<int> ended) {
                   broken = thrown;
                   outcome = std::move(ended);
                 });
  loop.run();
  if (broken || !outcome)
    return std::unexpected(Failure(Error{Code::io, "stream", "broke off", "Try again"}));
  return std::move(*outcome);
}

Outcome<Pod> pod_of_job(const std::string& ns, const std::string& name, std::span<const Pod> pods,
                        bool must_be_ready) {
  if (auto chosen = choose_pod(name, pods, must_be_ready)) return std::move(*chosen);
  const bool exists = choose_pod(name, pods, false).has_value();
  const std::string object = display_name(Kind::job, ns, name);
  if (exists)
    return std::unexpected(Failure({Error{Code::unavailable, object, "has no ready pod",
                                          "Wait for one: fairlead wait job/" + name + " --for ready"}},
                                   kFailed));
  return std::unexpected(
      Failure(Error{Code::not_found, object, "has no pod", "List them: fairlead get jobs,pods"}));
}

// "client" is the job of that name, or the pod; "pod/client-x" and "job/client" say which.
Outcome<Pod> resolve(const Session& session, const Words& words, bool must_be_ready) {
  FL_TRY(const std::vector<Pod> pods, fetch_pods(session, session.ns));
  const bool bare = words.size() == 1 && words[0].find('/') == std::string::npos;
  Reference what{Kind::job, session.ns, bare ? words[0] : ""};
  if (!bare) {
    FL_TRY(what, named(parse_reference(words, session.ns)));
  }
  if (what.kind != Kind::job && what.kind != Kind::pod)
    return std::unexpected(
        Failure(Error{Code::invalid, display(what), "is neither a job nor a pod", "Name one of them"}));
  if (bare || what.kind == Kind::pod)
    for (const Pod& pod : pods)
      if (pod.meta.name == what.name) return pod;
  if (what.kind == Kind::job) return pod_of_job(what.ns, what.name, pods, must_be_ready);
  return std::unexpected(
      Failure(Error{Code::not_found, display(what), "does not exist", "List them: fairlead get pods"}));
}

std::string stream_path(const Pod& pod, const char* what) {
  return path_of({Kind::pod, pod.meta.ns, pod.meta.name}) + "/" + what;
}

}  // namespace

Outcome<> logs(const Session& session, const LogsOptions& options) {
  FL_TRY(const Pod pod, resolve(session, options.object, false));
  net::Query query;
  if (!options.container.empty()) query["container"] = options.container;
  if (options.tail) query["tail"] = std::to_string(*options.tail);
  if (options.follow) query["follow"] = "1";
  FL_TRY_OK(run_to_end(session, net::format_target(stream_path(pod, "logs"), query), false, false));
  return {};
}

Outcome<int> exec(const Session& session, const ExecOptions& options) {
  FL_TRY(const Pod pod, resolve(session, {options.object}, true));
  net::Query query{{"command", proto::to_json(options.command)}};
  if (!options.container.empty()) query["container"] = options.container;
  return run_to_end(session, net::format_target(stream_path(pod, "exec"), query), true, options.with_stdin);
}

}  // namespace fairlead::cli
