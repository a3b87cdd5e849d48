// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/layer/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <clocale>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/io/fd.h"
#include "orchestrator/runtime/layer/tree.h"

namespace fairlead::runtime {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kKeptAttribute =
    "security.capability";  // overlay's own must not come from outside
constexpr std::size_t kMaxAttribute = 64;

struct CloseArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

// libarchive converts UTF-8 names to the locale's charset: make that UTF-8 for this thread, whatever the
// process says.
class Utf8Names {
 public:
  Utf8Names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) before_ = ::uselocale(utf8_);
  }
  ~Utf8Names() {
    if (utf8_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t utf8_;
  locale_t before_ = nullptr;
};

std::unexpected<Error> damaged(archive* a) {
  const char* text = archive_error_string(a);
  return fail(Code::invalid, "layer", text != nullptr ? text : "is damaged",
              "rebuild or copy the image again");
}

// Two readers in a row: blob -> (gunzip) -> plain tar bytes, hashed -> entries.
class TarStream {
 public:
  TarStream(const ReadBlob& read, bool gzip, std::uint64_t max_bytes) : read_(read), max_bytes_(max_bytes) {
    plain_.reset(archive_read_new());
    if (gzip) archive_read_support_filter_gzip(plain_.get());
    archive_read_support_format_raw(plain_.get());
    tar_.reset(archive_read_new());
    archive_read_support_format_tar(tar_.get());
  }
  Result<> open();
  archive* tar() const { return tar_.get(); }
  // What follows the tar's end belongs to its digest, too.
  Result<Digest> finish();
  // The reason why tar() failed: our own if there is one, else libarchive's.
  std::unexpected<Error> error() { return error_ ? std::unexpected(*error_) : damaged(tar_.get()); }

 private:
  static la_ssize_t on_blob(archive*, void* self, const void** bytes);
  static la_ssize_t on_plain(archive*, void* self, const void** bytes);
  Result<std::string_view> next_plain();

  const ReadBlob& read_;
  std::uint64_t max_bytes_;
  std::uint64_t seen_ = 0;
  Archive plain_, tar_;
  Sha256 hash_;
  std::optional<Error> error_;
  std::array<char, 65536> chunk_{};
};

la_ssize_t TarStream::on_blob(archive* a, void* self, const void** bytes) {
  auto* stream = static_cast<TarStream*>(self);
  Result<std::string_view> more = stream->read_();
  if (!more) {
    stream->error_ = std::move(more).error();
    archive_set_error(a, EIO, "the blob cannot be read");
    return -1;
  }
  *bytes = more->data();
  return static_cast<la_ssize_t>(more->size());
}

Result<std::string_view> TarStream::next_plain() {
  const la_ssize_t n = archive_read_data(plain_.get(), chunk_.data(), chunk_.size());
  if (n < 0) return error_ ? std::unexpected(*error_) : damaged(plain_.get());
  const std::string_view bytes(chunk_.data(), static_cast<std::size_t>(n));
  seen_ += bytes.size();
  if (seen_ > max_bytes_)
    return fail(Code::exhausted, "layer", "unpacks to more than " + std::to_string(max_bytes_) + " bytes",
                "use a smaller image");
  hash_.add(bytes);
  return bytes;
}

la_ssize_t TarStream::on_plain(archive* a, void* self, const void** bytes) {
  auto* stream = static_cast<TarStream*>(self);
  Result<std::string_view> more = stream->next_plain();
  if (!more) {
    stream->error_ = std::move(more).error();
    archive_set_error(a, EIO, "the layer cannot be read");
    return -1;
  }
  *bytes = more->data();
  return static_cast<la_ssize_t>(more->size());
}

Result<> TarStream::open() {
  archive_entry* whole = nullptr;
  if (archive_read_open(plain_.get(), this, nullptr, on_blob, nullptr) != ARCHIVE_OK ||
      archive_read_next_header(plain_.get(), &whole) != ARCHIVE_OK)
    return error_ ? std::unexpected(*error_) : damaged(plain_.get());
  if (archive_read_open(tar_.get(), this, nullptr, on_plain, nullptr) != ARCHIVE_OK) return error();
  return {};
}

Result<Digest> TarStream::finish() {
  for (;;) {
    FL_TRY(const std::string_view rest, next_plain());
    if (rest.empty()) return hash_.finish();
  }
}

struct Budget {
  std::uint64_t entries;
  std::uint64_t bytes;
};

Result<> copy_attributes(archive_entry* entry, const Fd& file, std::string_view name) {
  const char* key = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  archive_entry_xattr_reset(entry);
  while (archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK) {
    if (key == nullptr || kKeptAttribute != key || size > kMaxAttribute) continue;
    if (::fsetxattr(file.get(), key, value, size, 0) != 0)
      return std::unexpected(os_error(errno, "layer entry \"" + std::string(name) + "\""));
  }
  return {};
}

Result<> copy_data(TarStream& stream, const Fd& file, std::string_view name) {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    const int status = archive_read_data_block(stream.tar(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK) return stream.error();
    const char* at = static_cast<const char*>(bytes);
    while (size > 0) {
      const ssize_t n = ::pwrite(file.get(), at, size, offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return std::unexpected(os_error(errno, std::string(name), "check free space"));
      at += n;
      offset += n;
      size -= static_cast<std::size_t>(n);
    }
  }
}

Result<> unpack_file(TarStream& stream, archive_entry* entry, Tree& tree, std::string_view name,
                     const Ownership& ownership, Budget& budget) {
  const la_int64_t size = archive_entry_size(entry);
  if (size < 0 || static_cast<std::uint64_t>(size) > budget.bytes)
    return fail(Code::exhausted, "layer", "unpacks to more than the limit", "use a smaller image");
  budget.bytes -= static_cast<std::uint64_t>(size);
  FL_TRY(const Fd file, tree.make_file(name));
  if (::ftruncate(file.get(), size) != 0)
    return std::unexpected(os_error(errno, std::string(name), "check free space"));
  FL_TRY_OK(copy_data(stream, file, name));
  FL_TRY_OK(Tree::finish_file(file, ownership));
  return copy_attributes(entry, file, name);
}

Result<Ownership> ownership_of(archive_entry* entry, std::string_view name) {
  const la_int64_t uid = archive_entry_uid(entry);
  const la_int64_t gid = archive_entry_gid(entry);
  constexpr la_int64_t kMaxId = std::numeric_limits<std::uint32_t>::max() - 1;
  if (uid < 0 || gid < 0 || uid > kMaxId || gid > kMaxId)
    return fail(Code::invalid, "layer entry \"" + std::string(name) + "\"", "has an owner out of range");
  return Ownership{static_cast<uid_t>(uid), static_cast<gid_t>(gid), archive_entry_perm(entry) & 07777,
                   timespec{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}};
}

// True when the entry was a whiteout and is done.
Result<bool> unpack_whiteout(std::string_view name, Tree& tree) {
  const std::size_t slash = name.rfind('/');
  const std::string_view folder = slash == std::string_view::npos ? "." : name.substr(0, slash);
  const std::string_view leaf = slash == std::string_view::npos ? name : name.substr(slash + 1);
  if (!leaf.starts_with(kWhiteout)) return false;
  if (leaf == kOpaque) {
    FL_TRY_OK(tree.make_opaque(folder));
    return true;
  }
  const std::string_view hidden = leaf.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == ".." || hidden.starts_with(kWhiteout))
    return fail(Code::invalid, "layer entry \"" + std::string(name) + "\"",
                "is no whiteout that Fairlead knows");
  FL_TRY_OK(tree.make_whiteout(std::string(folder) + "/" + std::string(hidden)));
  return true;
}

Result<> unpack_entry(TarStream& stream, archive_entry* entry, Tree& tree, Budget& budget) {
  const char* raw = archive_entry_pathname(entry);
  if (raw == nullptr) return fail(Code::invalid, "layer", "has an entry whose name is not UTF-8");
  const std::string name = raw;
  if (budget.entries-- == 0)
    return fail(Code::exhausted, "layer", "has too many entries", "use a smaller image");
  FL_TRY(const bool whiteout, unpack_whiteout(name, tree));
  if (whiteout) return {};
  if (const char* target = archive_entry_hardlink(entry)) return tree.make_hard_link(name, target);
  FL_TRY(const Ownership ownership, ownership_of(entry, name));
  switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
      return tree.make_folder(name, ownership);
    case AE_IFREG:
      return unpack_file(stream, entry, tree, name, ownership, budget);
    case AE_IFLNK: {
      const char* target = archive_entry_symlink(entry);
      if (target == nullptr || *target == '\0')
        return fail(Code::invalid, "layer entry \"" + name + "\"", "is a link to nothing");
      return tree.make_symlink(name, target, ownership);
    }
    default:
      return fail(Code::invalid, "layer entry \"" + name + "\"", "is a device, fifo or socket",
                  "rebuild the image");
  }
}

}  // namespace

Result<Digest> unpack_layer(const ReadBlob& read, bool gzip, int folder_fd, const LayerLimits& limits) {
  const Utf8Names names;
  // Headers and padding come on top of the files' bytes.
  const std::uint64_t max_stream = limits.bytes + limits.entries * 2048 + (1U << 20);
  TarStream stream(read, gzip, max_stream);
  FL_TRY_OK(stream.open());
  Tree tree(folder_fd, limits.depth);
  Budget budget{limits.entries, limits.bytes};
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(stream.tar(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return stream.error();
    FL_TRY_OK(unpack_entry(stream, entry, tree, budget));
  }
  FL_TRY_OK(tree.finish());
  return stream.finish();
}

}  // namespace fairlead::runtime
