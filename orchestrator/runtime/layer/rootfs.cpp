// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/layer/rootfs.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMountPage = 4095;  // the kernel takes one page of options
constexpr int kUnmountTries = 10;

// Top first. A layer that an image uses twice counts where it is uppermost:
// what it holds there hides what it held below.
Result<std::string> lower_folders(const NodePaths& paths, const std::vector<Digest>& diff_ids) {
  std::vector<std::string> names;
  for (auto layer = diff_ids.rbegin(); layer != diff_ids.rend(); ++layer) {
    if (std::ranges::find(names, layer->hex) != names.end()) continue;
    if (!fs::exists(paths.layers() / layer->hex))
      return fail(Code::not_found, format(*layer), "is not unpacked on this node", "prepare the image first");
    names.push_back(layer->hex);
  }
  std::string result;
  for (const std::string& name : names) result += (result.empty() ? "" : ":") + name;
  return result;
}

// Fresh, empty, and owned by root with the mode of a root folder.
Result<> make_fresh(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) return fail(Code::io, folder.string(), error.message());
  if (::mkdir(folder.c_str(), 0755) != 0 || ::chmod(folder.c_str(), 0755) != 0)
    return std::unexpected(os_error(errno, folder.string()));
  return {};
}

// Relative names keep 40 layers within a page. The working folder belongs to
// the whole process, so the mount is made in a thread with its own.
Result<> mount_overlay(const fs::path& from, const fs::path& at, const std::string& options) {
  Result<> result;
  std::thread worker([&] {
    if (::unshare(CLONE_FS) != 0 || ::chdir(from.c_str()) != 0 ||
        ::mount("overlay", at.c_str(), "overlay", MS_NODEV, options.c_str()) != 0)
      result = std::unexpected(
          os_error(errno, "mount " + at.string(), "the state folder needs ext4, xfs or btrfs"));
  });
  worker.join();
  return result;
}

}  // namespace

bool is_mount_point(const fs::path& path) {
  struct statx found{};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &found) == 0 &&
         (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<> mount_rootfs(const NodePaths& paths, std::string_view uid, std::string_view container,
                      const std::vector<Digest>& diff_ids) {
  const fs::path bundle = paths.bundle(uid, container);
  const fs::path rootfs = paths.rootfs(uid, container);
  if (is_mount_point(rootfs)) return {};
  std::error_code error;
  fs::create_directories(rootfs, error);
  if (error) return fail(Code::io, rootfs.string(), error.message());
  FL_TRY_OK(make_fresh(bundle / "upper"));
  FL_TRY_OK(make_fresh(bundle / "work"));
  FL_TRY(const std::string lower, lower_folders(paths, diff_ids));
  if (bundle.string().find_first_of(",:\\") != std::string::npos)
    return fail(Code::invalid, bundle.string(), "has ',', ':' or '\\' in its name",
                "choose another state folder");
  const std::string options = "lowerdir=" + lower + ",upperdir=" + (bundle / "upper").string() +
                              ",workdir=" + (bundle / "work").string();
  if (options.size() > kMountPage)
    return fail(Code::exhausted, rootfs.string(), "its layers and paths do not fit a page of mount options",
                "use an image with fewer layers or a shorter state folder");
  return mount_overlay(paths.layers(), rootfs, options);
}

Result<> unmount_rootfs(const NodePaths& paths, std::string_view uid, std::string_view container) {
  const fs::path rootfs = paths.rootfs(uid, container);
  for (int i = 0; is_mount_point(rootfs); ++i) {
    // Something may still look into it for a moment; after that it goes as soon as it is let go.
    const int flags = UMOUNT_NOFOLLOW | (i < kUnmountTries ? 0 : MNT_DETACH);
    if (::umount2(rootfs.c_str(), flags) == 0) continue;
    if (errno != EBUSY || i > kUnmountTries)
      return std::unexpected(os_error(errno, "unmount " + rootfs.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

}  // namespace fairlead::runtime
