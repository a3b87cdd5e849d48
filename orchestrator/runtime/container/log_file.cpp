// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/log_file.h"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/fd.h"

namespace fairlead::runtime {
namespace {

constexpr std::uint64_t kTailWindow = 4U << 20;

std::optional<LogLine> parse_record(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || first == 0) return std::nullopt;
  const std::string_view stream = line.substr(first + 1, second - first - 1);
  const std::string_view rest = line.substr(second + 1);
  if (stream != "stdout" && stream != "stderr") return std::nullopt;
  if (!rest.starts_with("F ") && !rest.starts_with("P ") && rest != "F" && rest != "P") return std::nullopt;
  return LogLine{std::string(line.substr(0, first)), stream == "stderr", rest.front() == 'F',
                 std::string(rest.size() > 2 ? rest.substr(2) : "")};
}

// Keeps the last `lines` lines; a line of several records counts once.
void keep_last(std::vector<LogLine>& records, std::size_t lines) {
  std::size_t from = records.size();
  for (std::size_t ends = 0; from > 0; --from) {
    const bool ends_line = records[from - 1].whole || from == records.size();
    if (ends_line && ++ends > lines) break;
  }
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(from));
}

Result<Fd> open_log(const NodePaths& paths, std::string_view uid, std::string_view container) {
  FL_TRY_OK(check_name("pod uid", uid));
  FL_TRY_OK(check_name("container", container));
  const std::string path = paths.log(uid, container).string();
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno != ENOENT) return std::unexpected(os_error(errno, path));
  return file;
}

Result<std::string> read_range(const Fd& file, std::uint64_t offset, std::size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  std::size_t have = 0;
  while (have < max_bytes) {
    const ssize_t n =
        ::pread(file.get(), bytes.data() + have, max_bytes - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(os_error(errno, "container log"));
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

std::uint64_t size_of(const Fd& file) {
  struct stat found{};
  return ::fstat(file.get(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

}  // namespace

LogChunk parse_log(std::string_view bytes, std::uint64_t offset) {
  LogChunk chunk;
  chunk.next = offset;
  for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
    chunk.next += end + 1;
    if (std::optional<LogLine> record = parse_record(bytes.substr(0, end)))
      chunk.lines.push_back(std::move(*record));
    else
      ++chunk.malformed;
  }
  return chunk;
}

Result<LogChunk> read_log(const NodePaths& paths, std::string_view uid, std::string_view container,
                          std::uint64_t offset, std::size_t max_bytes) {
  FL_TRY(const Fd file, open_log(paths, uid, container));
  if (!file) return LogChunk{};
  if (size_of(file) < offset) offset = 0;
  FL_TRY(const std::string bytes, read_range(file, offset, max_bytes));
  LogChunk chunk = parse_log(bytes, offset);
  // One record longer than the window would hold us for ever: step over it.
  if (chunk.next == offset && bytes.size() == max_bytes && !bytes.contains('\n')) {
    chunk.next = offset + bytes.size();
    ++chunk.malformed;
  }
  return chunk;
}

Result<LogChunk> tail_log(const NodePaths& paths, std::string_view uid, std::string_view container,
                          std::size_t lines) {
  FL_TRY(const Fd file, open_log(paths, uid, container));
  if (!file) return LogChunk{};
  const std::uint64_t size = size_of(file);
  std::uint64_t from = size > kTailWindow ? size - kTailWindow : 0;
  FL_TRY(std::string bytes, read_range(file, from, kTailWindow));
  if (from > 0) {  // the window begins inside a record
    const std::size_t whole = bytes.find('\n') + 1;
    bytes.erase(0, whole);
    from += whole;
  }
  LogChunk chunk = parse_log(bytes, from);
  keep_last(chunk.lines, lines);
  return chunk;
}

}  // namespace fairlead::runtime
