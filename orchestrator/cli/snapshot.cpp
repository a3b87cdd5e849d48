// SPDX-License-Identifier: Apache-2.0
// snapshot save, inspect, restore. save writes beside the file, reads all of it
// back, and only then gives it its name; restore needs no control plane.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unistd.h>

#include "base/io/fd.h"
#include "control/net/stream_client.h"
#include "control/store/snapshot/restore.h"
#include "control/store/snapshot/snapshot_file.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {
namespace {

namespace asio = boost::asio;
using store::SnapshotSummary;

Result<> write_all(int fd, std::string_view bytes, const std::string& file) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return std::unexpected(os_error(errno, file, "free space, or name another file"));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

net::Task<Result<>> receive_into(net::ServerAddress control, int fd, std::string file) {
  Result<net::WebSocketPtr> socket =
      co_await net::connect_stream(std::move(control), "/v1/snapshot", net::StreamLimits{});
  if (!socket) co_return std::unexpected(std::move(socket).error());
  for (;;) {
    const Result<net::Message> message = co_await (*socket)->receive();
    if (!message) co_return Result<>{};  // its end, or not: the file says so itself
    const Result<> written = write_all(fd, message->bytes, file);
    if (!written) co_return written;
  }
}

Result<> download(const Session& session, int fd, const std::string& file) {
  asio::io_context loop(1);
  std::optional<Result<>> received;
  asio::co_spawn(loop, receive_into(session.control, fd, file),
                 [&](const std::exception_ptr& thrown, Result<> result) {
                   if (!thrown) received = std::move(result);
                 });
  loop.run();
  if (!received) return fail(Code::io, "stream", "broke off", "Try again");
  if (!*received) return *received;
  if (::fsync(fd) != 0) return std::unexpected(os_error(errno, file, "check its disk"));
  return {};
}

Result<SnapshotSummary> check(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::unexpected(os_error(errno, file, "name a file that can be read"));
  auto summary = store::read_snapshot(in, [](const store::KeyValue&) { return Result<>{}; });
  if (!summary) return std::unexpected(std::move(summary).error().within(file));
  return summary;
}

std::string json_text(const std::string& text) {
  const std::string list = proto::to_json(Words{text});  // ["text"]
  const std::size_t first = list.find('"');
  return list.substr(first, list.rfind('"') - first + 1);
}

void show(const SnapshotSummary& summary, const std::string& file, const std::string& output) {
  const std::string revision = std::to_string(summary.head.revision.value);
  const std::string made = format_time(summary.head.made);
  if (output == "table") {
    const Table table{{"FILE", "CLUSTER", "REVISION", "KEYS", "SIZE", "MADE", "CHECKSUM"},
                      {{printable(file), printable(summary.head.cluster), revision,
                        std::to_string(summary.keys), format_size(summary.bytes), made, "ok"}}};
    std::fputs(table.text().c_str(), stdout);
    return;
  }
  print_answer("{\"file\":" + json_text(file) + ",\"cluster\":" + json_text(summary.head.cluster) +
                   ",\"revision\":\"" + revision + "\",\"keys\":" + std::to_string(summary.keys) +
                   ",\"bytes\":" + std::to_string(summary.bytes) + ",\"made\":\"" + made +
                   "\",\"checksum\":\"ok\"}",
               output);
}

}  // namespace

Outcome<> snapshot_save(const Session& session, const SnapshotOptions& options) {
  const std::string part = options.file + ".part";
  const Fd fd(::open(part.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd)
    return std::unexpected(Failure(os_error(errno, part, "name a file in a folder that can be written")));
  Result<> saved = download(session, fd.get(), part);
  Result<SnapshotSummary> summary = saved ? check(part) : std::unexpected(std::move(saved).error());
  if (summary && std::rename(part.c_str(), options.file.c_str()) != 0)
    summary = std::unexpected(os_error(errno, options.file, "name another file"));
  if (!summary) {
    (void)::unlink(part.c_str());
    const int exit =
        summary.error().code == Code::unavailable ? kUnreachable : exit_code(summary.error().code);
    return std::unexpected(Failure({std::move(summary).error()}, exit));
  }
  show(*summary, options.file, options.output);
  return {};
}

Outcome<> snapshot_inspect(const SnapshotOptions& options) {
  FL_TRY(const SnapshotSummary summary, check(options.file));
  show(summary, options.file, options.output);
  return {};
}

Outcome<> snapshot_restore(const SnapshotOptions& options) {
  FL_TRY_OK(check(options.file));  // all of it, before there is a folder
  std::ifstream in(options.file, std::ios::binary);
  if (!in) return std::unexpected(Failure(os_error(errno, options.file, "name a file that can be read")));
  std::error_code error;
  const bool made = std::filesystem::create_directories(options.data, error);
  if (made) std::filesystem::permissions(options.data, std::filesystem::perms::owner_all, error);
  if (error)
    return std::unexpected(Failure(Error{Code::io, options.data, error.message(), "name another folder"}));
  FL_TRY(const SnapshotSummary summary,
         store::restore_sqlite_store(std::filesystem::path(options.data) / "store.db", in));
  show(summary, options.file, options.output);
  if (options.output == "table")
    std::printf("restored; go on with: fairlead-control --state-dir %s\n", printable(options.data).c_str());
  return {};
}

}  // namespace fairlead::cli
