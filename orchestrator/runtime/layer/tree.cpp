// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/layer/tree.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <span>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace fairlead::runtime {
namespace {

constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxPartBytes = 255;
constexpr mode_t kImpliedFolder = 0755;

std::string entry_name(std::string_view name) {
  return "layer entry \"" + std::string(name.substr(0, 200)) + "\"";
}

std::unexpected<Error> refused(std::string_view name, std::string_view reason) {
  return fail(Code::invalid, entry_name(name), std::string(reason), "rebuild the image");
}

std::unexpected<Error> failed(std::string_view name) {
  return std::unexpected(os_error(errno, entry_name(name)));
}

Fd open_beneath(int folder, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

std::string join(std::span<const std::string> parts) {
  std::string path;
  for (const std::string& part : parts) path += (path.empty() ? "" : "/") + part;
  return path.empty() ? "." : path;
}

}  // namespace

Result<std::vector<std::string>> split_name(std::string_view name, std::size_t max_depth) {
  const std::string_view whole = name;
  if (name.empty()) return refused(whole, "has no name");
  if (name.size() > kMaxNameBytes) return refused(whole, "has a name longer than 4096 bytes");
  if (name.front() == '/') return refused(whole, "has an absolute name");
  if (name.contains('\0')) return refused(whole, "has a NUL in its name");
  std::vector<std::string> parts;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(name.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == "..") return refused(whole, "has \"..\" in its name");
    if (part.size() > kMaxPartBytes) return refused(whole, "has a part longer than 255 bytes in its name");
    parts.emplace_back(part);
    if (parts.size() > max_depth) return refused(whole, "lies too deep");
  }
  return parts;
}

Result<Fd> Tree::open_folder(const std::vector<std::string>& parts) {
  constexpr std::uint64_t kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  const std::string path = join(parts);
  if (Fd found = open_beneath(folder_, path, kFlags)) return found;
  if (errno != ENOENT && (errno == ELOOP || errno == ENOTDIR))
    return refused(path, "is meant to be a folder but is a link or a file");
  if (errno != ENOENT) return failed(path);
  Fd at = open_beneath(folder_, ".", kFlags);
  for (const std::string& part : parts) {  // folders that the archive only implies
    if (::mkdirat(at.get(), part.c_str(), kImpliedFolder) != 0 && errno != EEXIST) return failed(path);
    Fd next = open_beneath(at.get(), part, kFlags);
    if (!next) return refused(path, "is meant to be a folder but is a link or a file");
    at = std::move(next);
  }
  return at;
}

Result<Tree::Place> Tree::place(std::string_view name) {
  FL_TRY(std::vector<std::string> parts, split_name(name, max_depth_));
  Place result;
  if (!parts.empty()) {
    result.leaf = std::move(parts.back());
    parts.pop_back();
  }
  FL_TRY(result.parent, open_folder(parts));
  return result;
}

// Removes what an earlier entry of the same name left.
Result<> Tree::clear(const Place& place, std::string_view name) {
  if (place.leaf.empty()) return refused(name, "would replace the root folder");
  if (::unlinkat(place.parent.get(), place.leaf.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR || errno == EPERM) return refused(name, "is there already as a folder");
  return failed(name);
}

Result<> Tree::make_folder(std::string_view name, const Ownership& ownership) {
  FL_TRY(const Place at, place(name));
  if (at.leaf.empty()) return {};  // the layer's root: the mount's writable folder decides how it looks
  if (::mkdirat(at.parent.get(), at.leaf.c_str(), kImpliedFolder) != 0 && errno != EEXIST)
    return failed(name);
  const Fd folder = open_beneath(at.parent.get(), at.leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) return refused(name, "is there already and is no folder");
  if (::fchown(folder.get(), ownership.uid, ownership.gid) != 0) return failed(name);
  if (::fchmod(folder.get(), ownership.mode) != 0) return failed(name);
  folder_times_.emplace_back(name, ownership.modified);
  return {};
}

Result<Fd> Tree::make_file(std::string_view name) {
  FL_TRY(const Place at, place(name));
  FL_TRY_OK(clear(at, name));
  Fd file(
      ::openat(at.parent.get(), at.leaf.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed(name);
  return file;
}

Result<> Tree::finish_file(const Fd& file, const Ownership& ownership) {
  const timespec times[2] = {ownership.modified, ownership.modified};
  if (::fchown(file.get(), ownership.uid, ownership.gid) != 0) return failed("file");
  if (::fchmod(file.get(), ownership.mode) != 0) return failed("file");
  if (::futimens(file.get(), times) != 0) return failed("file");
  return {};
}

Result<> Tree::make_symlink(std::string_view name, const std::string& target, const Ownership& ownership) {
  FL_TRY(const Place at, place(name));
  FL_TRY_OK(clear(at, name));
  const timespec times[2] = {ownership.modified, ownership.modified};
  if (::symlinkat(target.c_str(), at.parent.get(), at.leaf.c_str()) != 0) return failed(name);
  if (::fchownat(at.parent.get(), at.leaf.c_str(), ownership.uid, ownership.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(name);
  if (::utimensat(at.parent.get(), at.leaf.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return failed(name);
  return {};
}

Result<> Tree::make_hard_link(std::string_view name, std::string_view existing) {
  FL_TRY(const Place from, place(existing));
  struct stat found{};
  if (::fstatat(from.parent.get(), from.leaf.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return refused(name, "is a hard link to something that is not in this layer");
  if (!S_ISREG(found.st_mode)) return refused(name, "is a hard link to something other than a file");
  FL_TRY(const Place to, place(name));
  struct stat old{};
  const bool itself = ::fstatat(to.parent.get(), to.leaf.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 &&
                      old.st_ino == found.st_ino && old.st_dev == found.st_dev;
  if (itself) return {};
  FL_TRY_OK(clear(to, name));
  if (::linkat(from.parent.get(), from.leaf.c_str(), to.parent.get(), to.leaf.c_str(), 0) != 0)
    return failed(name);
  return {};
}

Result<> Tree::make_whiteout(std::string_view name) {
  FL_TRY(const Place at, place(name));
  FL_TRY_OK(clear(at, name));
  if (::mknodat(at.parent.get(), at.leaf.c_str(), S_IFCHR, makedev(0, 0)) != 0) return failed(name);
  return {};
}

Result<> Tree::make_opaque(std::string_view folder) {
  FL_TRY(const std::vector<std::string> parts, split_name(folder, max_depth_));
  FL_TRY(const Fd opened, open_folder(parts));
  if (::fsetxattr(opened.get(), "trusted.overlay.opaque", "y", 1, 0) != 0) return failed(folder);
  return {};
}

Result<> Tree::finish() {
  for (const auto& [name, modified] : folder_times_) {
    FL_TRY(const Place at, place(name));
    const timespec times[2] = {modified, modified};
    if (::utimensat(at.parent.get(), at.leaf.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return failed(name);
  }
  return {};
}

}  // namespace fairlead::runtime
