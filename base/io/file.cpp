// SPDX-License-Identifier: Apache-2.0
#include "base/io/file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/fd.h"

namespace fairlead {
namespace {

Result<> write_all(const Fd& file, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(os_error(errno, name, "check free space and permissions"));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> fill(const std::string& file_name, std::string_view bytes, unsigned mode, bool durable) {
  const Fd file(::open(file_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file)
    return std::unexpected(os_error(errno, file_name, "check that the folder exists and is writable"));
  FL_TRY_OK(write_all(file, bytes, file_name));
  if (durable && ::fsync(file.get()) != 0)
    return std::unexpected(os_error(errno, file_name, "check the disk"));
  return {};
}

Result<> replace(const std::filesystem::path& path, std::string_view bytes, unsigned mode, bool durable) {
  const std::string temporary = path.string() + ".tmp";
  Result<> filled = fill(temporary, bytes, mode, durable);
  if (filled && ::rename(temporary.c_str(), path.c_str()) != 0)
    filled = std::unexpected(os_error(errno, path.string()));
  if (!filled) ::unlink(temporary.c_str());  // a full disk has its room back
  return filled;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return fail(Code::not_found, path.string(), "does not exist");
  if (!file) return std::unexpected(os_error(errno, path.string(), "check that the file is readable"));
  std::string bytes;
  char chunk[65536];
  for (;;) {
    const ssize_t n = ::read(file.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(os_error(errno, path.string()));
    if (n == 0) return bytes;
    bytes.append(chunk, static_cast<std::size_t>(n));
    if (bytes.size() > max_bytes)
      return fail(Code::exhausted, path.string(), "is larger than " + std::to_string(max_bytes) + " bytes");
  }
}

Result<> replace_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  const Result<std::string> there = read_file(path, bytes.size());
  if (there && *there == bytes) return {};
  return replace(path, bytes, mode, false);
}

Result<> write_file_atomic(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  FL_TRY_OK(replace(path, bytes, mode, true));
  const std::filesystem::path folder =
      path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return std::unexpected(os_error(errno, folder.string()));
  return {};
}

}  // namespace fairlead
