// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace fairlead::runtime {
namespace {

constexpr std::size_t kChunk = 256U << 10;

Fd open_beneath(int folder, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

}  // namespace

std::string blob_name(const Digest& digest) { return "blobs/sha256/" + digest.hex; }

// The bytes of a file, hashed as they pass.
class ImageFiles::Reader {
 public:
  Reader(Piece piece, std::string name, std::size_t chunk = kChunk)
      : piece_(std::move(piece)), name_(std::move(name)), chunk_(chunk) {}

  Result<std::string_view> next() {
    const std::size_t most =
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), piece_.size - size_));
    ssize_t n;
    while ((n = ::pread(piece_.file, chunk_.data(), most, static_cast<off_t>(piece_.offset + size_))) < 0 &&
           errno == EINTR) {
    }
    if (n < 0) return std::unexpected(os_error(errno, name_));
    const std::string_view bytes(chunk_.data(), static_cast<std::size_t>(n));
    hash_.add(bytes);
    size_ += bytes.size();
    return bytes;
  }
  Result<> check(const Descriptor& wanted) {
    for (;;) {
      FL_TRY(const std::string_view rest, next());
      if (rest.empty()) break;
    }
    const Digest digest = hash_.finish();
    if (size_ == wanted.size && digest == wanted.digest) return {};
    return fail(Code::corrupt, name_,
                "its content has digest " + format(digest) + " and " + std::to_string(size_) +
                    " bytes, not what its name and size say",
                "copy the image again");
  }

 private:
  Piece piece_;
  std::string name_;
  std::vector<char> chunk_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

Result<ImageFiles> ImageFiles::open(const std::filesystem::path& images_dir,
                                    const ImageReference& reference) {
  const Fd images(::open(images_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!images) return std::unexpected(os_error(errno, images_dir.string(), "make the images folder"));
  const bool layout = reference.source == ImageSource::layout;
  ImageFiles result;
  result.name_ = (layout ? "image layout " : "image archive ") + reference.path;
  Fd opened = open_beneath(images.get(), reference.path,
                           layout ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened && errno == ENOENT)
    return fail(Code::not_found, result.name_, "is not in " + images_dir.string(), "put it there");
  if (!opened) return std::unexpected(os_error(errno, result.name_));
  if (layout) {
    result.folder_ = std::move(opened);
  } else {
    Result<ArchiveIndex> index = index_archive(opened);
    if (!index) return std::unexpected(std::move(index).error().within(result.name_));
    result.index_ = std::move(*index);
    result.archive_ = std::move(opened);
  }
  if (reference.source == ImageSource::docker_archive) return result;
  FL_TRY(const std::string marker, result.read("oci-layout", 4096));
  FL_TRY_OK(parse_layout_marker(marker));
  return result;
}

Result<ImageFiles::Piece> ImageFiles::find(const std::string& name) const {
  const auto missing = [&] {
    return fail(Code::not_found, name_ + " " + name, "is missing", "copy the image again");
  };
  if (archive_) {
    const auto entry = index_.find(name);
    if (entry == index_.end()) return missing();
    if (entry->second.link)
      return fail(Code::unsupported, name_ + " " + name, "is a link", "save the image again: skopeo copy");
    return Piece{Fd(), archive_.get(), entry->second.offset, entry->second.size};
  }
  Fd file = open_beneath(folder_.get(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file && errno == ENOENT) return missing();
  if (!file) return std::unexpected(os_error(errno, name_ + " " + name));
  const int number = file.get();
  return Piece{std::move(file), number, 0, std::numeric_limits<std::int64_t>::max()};
}

Result<std::string> ImageFiles::read(const std::string& name, std::size_t max) const {
  FL_TRY(Piece piece, find(name));
  Reader reader(std::move(piece), name_ + " " + name, 65536);
  std::string bytes;
  for (;;) {
    FL_TRY(const std::string_view more, reader.next());
    if (more.empty()) return bytes;
    bytes += more;
    if (bytes.size() > max)
      return fail(Code::exhausted, name_ + " " + name, "is larger than " + std::to_string(max) + " bytes");
  }
}

Result<std::string> ImageFiles::document(const Descriptor& descriptor) const {
  FL_TRY(std::string bytes, read(blob_name(descriptor.digest), kMaxImageJson));
  if (bytes.size() == descriptor.size && sha256(bytes) == descriptor.digest) return bytes;
  return fail(Code::corrupt, name_ + " " + blob_name(descriptor.digest),
              "its content is not what its name and size say", "copy the image again");
}

Result<std::uint64_t> ImageFiles::size(const std::string& name) const {
  FL_TRY(const Piece piece, find(name));
  return piece.size;
}

Result<bool> ImageFiles::is_gzip(const std::string& name) const {
  FL_TRY(Piece piece, find(name));
  piece.size = std::min<std::uint64_t>(piece.size, 2);
  Reader reader(std::move(piece), name_ + " " + name, 2);
  FL_TRY(const std::string_view first, reader.next());
  return first == "\x1f\x8b";
}

Result<> ImageFiles::unpack(const std::string& name, const Descriptor& layer, const Digest& diff_id,
                            int folder_fd) const {
  FL_TRY(Piece piece, find(name));
  Reader blob(std::move(piece), name_ + " " + name);
  const bool gzip = layer.type == MediaType::layer_gzip;
  const Result<Digest> unpacked = unpack_layer([&] { return blob.next(); }, gzip, folder_fd);
  // A wrong blob is the better explanation of a layer that cannot be unpacked.
  FL_TRY_OK(blob.check(layer));
  if (!unpacked) return std::unexpected(Error(unpacked.error()).within(name_));
  if (*unpacked == diff_id) return {};
  return fail(
      Code::corrupt, name_ + " " + name,
      "unpacks to " + format(*unpacked) + ", not to the diff id " + format(diff_id) + " of its configuration",
      "build the image again");
}

}  // namespace fairlead::runtime
