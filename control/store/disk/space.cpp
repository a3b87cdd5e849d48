// SPDX-License-Identifier: Apache-2.0
#include "control/store/disk/space.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/io/fd.h"

namespace fairlead::store {
namespace {

struct Mount {
  std::string point;
  std::string type;
};

// The mount whose device is that of the folder: "36 35 98:0 / /mnt rw - ext4 /dev/sda rw".
Mount mount_of(const std::filesystem::path& folder) {
  struct stat status = {};
  if (::stat(folder.c_str(), &status) != 0) return {folder.string(), "unknown"};
  const std::string device =
      std::to_string(::major(status.st_dev)) + ":" + std::to_string(::minor(status.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  Mount found{folder.string(), "unknown"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, number, root, point, word;
    words >> id >> parent >> number >> root >> point;
    while (words >> word && word != "-") {
    }
    std::string type;
    if (number == device && words >> type) found = {point, type};
  }
  return found;
}

constexpr std::uint64_t kFreeShare = 4;  // of the reserve, free beside it

std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = (bytes * 10 + (1U << 19)) >> 20;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

bool is_lack_of_space(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

}  // namespace

Space::Space(std::filesystem::path database, std::uint64_t reserve_bytes)
    : database_(std::move(database)), reserve_(database_.string() + "-reserve"), bytes_(reserve_bytes) {}

Result<> Space::take() {
  if (taken_ || bytes_ == 0) return {};
  const Fd fd(::open(reserve_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const int error = fd ? ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes_)) : errno;
  held_ = error == 0;
  taken_ = held_ && free_bytes() >= bytes_ / kFreeShare;
  if (taken_) return {};
  if (held_) return std::unexpected(full());
  release();
  if (is_lack_of_space(error)) return std::unexpected(full());
  return std::unexpected(os_error(error, reserve_.string(), "let its folder be written"));
}

void Space::release() {
  held_ = taken_ = false;
  (void)::unlink(reserve_.c_str());
}

std::uint64_t Space::free_bytes() const {
  struct statvfs room = {};
  if (::statvfs(database_.parent_path().c_str(), &room) != 0) return 0;
  return std::uint64_t{room.f_bavail} * room.f_frsize;
}

Error Space::full() const {
  const Mount mount = mount_of(database_.parent_path());
  const std::uint64_t needed = bytes_ / kFreeShare + (held_ ? 0 : bytes_);
  return {Code::exhausted, database_.string(),
          "the file system " + mount.point + " (" + mount.type + ") is full: " + mebibytes(free_bytes()) +
              " free, writing needs " + mebibytes(needed) + "; nothing was written",
          "free space there; reading goes on and writing resumes by itself"};
}

}  // namespace fairlead::store
