// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/runtime/layer/tree.h"

namespace fairlead::runtime {
namespace {

constexpr std::size_t kBlock = 64U << 10;
constexpr std::size_t kMaxDepth = 16;

struct CloseArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

std::unexpected<Error> refused(std::string_view name, const std::string& reason) {
  return fail(Code::invalid, "archive entry \"" + std::string(name.substr(0, 200)) + "\"", reason,
              "save the image again");
}

std::unexpected<Error> damaged(archive* a) {
  const char* text = archive_error_string(a);
  return fail(Code::invalid, "archive", text != nullptr ? text : "is damaged", "save the image again");
}

// A compressed archive could only be read from its beginning for every blob of it.
Result<> refuse_compressed(const Fd& file) {
  std::array<unsigned char, 6> first{};
  const ssize_t n = ::pread(file.get(), first.data(), first.size(), 0);
  if (n < 0) return std::unexpected(os_error(errno, "archive"));
  const bool gzip = first[0] == 0x1f && first[1] == 0x8b;
  const bool zstd = first[0] == 0x28 && first[1] == 0xb5 && first[2] == 0x2f && first[3] == 0xfd;
  const bool xz = first[0] == 0xfd && first[1] == '7' && first[2] == 'z' && first[3] == 'X';
  const bool bzip2 = first[0] == 'B' && first[1] == 'Z' && first[2] == 'h';
  if (!gzip && !zstd && !xz && !bzip2) return {};
  return fail(Code::unsupported, "archive", "is compressed as a whole",
              "uncompress the file; its layers may stay compressed");
}

Result<std::string> plain_name(archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  if (raw == nullptr) return fail(Code::invalid, "archive", "has an entry whose name is not text");
  const Result<std::vector<std::string>> parts = split_name(raw, kMaxDepth);
  if (!parts) return refused(raw, parts.error().reason);
  std::string name;
  for (const std::string& part : *parts) name += (name.empty() ? "" : "/") + part;
  return name;
}

Result<ArchiveEntry> describe(archive* a, archive_entry* entry, std::string_view name,
                              std::uint64_t archive_size) {
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_filetype(entry) == AE_IFLNK)
    return ArchiveEntry{0, 0, true};
  if (archive_entry_filetype(entry) != AE_IFREG) return refused(name, "is a device, fifo or socket");
  if (archive_entry_sparse_count(entry) > 0) return refused(name, "is sparse");
  const la_int64_t size = archive_entry_size(entry);
  const la_int64_t offset = archive_filter_bytes(a, 0);  // what the headers took: the data begins here
  const bool inside = size >= 0 && offset >= 0 && static_cast<std::uint64_t>(offset) <= archive_size &&
                      static_cast<std::uint64_t>(size) <= archive_size - static_cast<std::uint64_t>(offset);
  if (!inside) return refused(name, "reaches beyond the archive's end");
  return ArchiveEntry{static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(size), false};
}

}  // namespace

Result<ArchiveIndex> index_archive(const Fd& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(os_error(errno, "archive"));
  if (!S_ISREG(status.st_mode)) return fail(Code::invalid, "archive", "is not a regular file");
  FL_TRY_OK(refuse_compressed(file));
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return std::unexpected(os_error(errno, "archive"));
  const Archive tar(archive_read_new());
  archive_read_support_format_tar(tar.get());
  if (archive_read_open_fd(tar.get(), file.get(), kBlock) != ARCHIVE_OK) return damaged(tar.get());
  ArchiveIndex index;
  for (std::size_t entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int status_code = archive_read_next_header(tar.get(), &entry);
    if (status_code == ARCHIVE_EOF) return index;
    if (status_code != ARCHIVE_OK) return damaged(tar.get());
    if (entries == kMaxArchiveEntries)
      return fail(Code::exhausted, "archive", "has more than 10000 entries", "save one image alone");
    FL_TRY(const std::string name, plain_name(entry));
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    FL_TRY(const ArchiveEntry found,
           describe(tar.get(), entry, name, static_cast<std::uint64_t>(status.st_size)));
    if (!index.emplace(name, found).second) return refused(name, "stands there twice");
  }
}

}  // namespace fairlead::runtime
