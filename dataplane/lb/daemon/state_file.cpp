// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/daemon/state_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

#include "base/io/file.h"

namespace fairlead::lb {
namespace {

// Only root reads it: the secret is in it.
constexpr unsigned kMode = 0600;

}  // namespace

StateFile::StateFile(const std::filesystem::path& folder) : path_(folder / "lb.state") {}

Result<> StateFile::lock() {
  const std::filesystem::path folder = path_.parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  locked_ = Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!locked_)
    return std::unexpected(os_error(errno, folder.string(), "name another folder with --state-dir"));
  if (::flock(locked_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return fail(Code::conflict, folder.string(), "another process has it",
              "stop that fairlead-lb first, or name another folder with --state-dir");
}

Result<std::optional<Saved>> StateFile::load() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return std::nullopt;
  FL_TRY(const std::string text, read_file(path_));
  auto saved = parse_saved(text);
  if (!saved) {
    Error why = std::move(saved).error();
    why.object = path_.string();
    return std::unexpected(std::move(why));
  }
  return std::move(*saved);
}

Result<> StateFile::save(const Saved& saved) {
  std::string text = format_saved(saved);
  if (text == written_) return {};
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  FL_TRY_OK(write_file_atomic(path_, text, kMode));
  written_ = std::move(text);
  return {};
}

Result<> StateFile::remove() {
  std::error_code error;
  std::filesystem::remove(path_, error);
  if (error) return fail(Code::io, path_.string(), error.message(), "remove it by hand");
  std::filesystem::remove(path_.parent_path(), error);  // unless others use it
  return {};
}

}  // namespace fairlead::lb
