// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/layout.h"

#include <cerrno>
#include <fcntl.h>
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

std::string blob_name(const Digest& digest) { return "blobs/sha256/" + digest.hex; }

Result<std::size_t> read_some(const Fd& file, std::vector<char>& into, const std::string& name) {
  ssize_t n;
  while ((n = ::read(file.get(), into.data(), into.size())) < 0 && errno == EINTR) {
  }
  if (n < 0) return std::unexpected(os_error(errno, name));
  return static_cast<std::size_t>(n);
}

// The bytes of a blob, hashed as they pass.
class BlobReader {
 public:
  BlobReader(Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)), chunk_(kChunk) {}

  Result<std::string_view> next() {
    FL_TRY(const std::size_t n, read_some(file_, chunk_, name_));
    const std::string_view bytes(chunk_.data(), n);
    hash_.add(bytes);
    size_ += n;
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
  Fd file_;
  std::string name_;
  std::vector<char> chunk_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

}  // namespace

Result<Layout> Layout::open(const std::filesystem::path& images_dir, const std::string& layout) {
  const Fd images(::open(images_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!images) return std::unexpected(os_error(errno, images_dir.string(), "make the images folder"));
  Layout result;
  result.name_ = "image layout " + layout;
  result.folder_ = open_beneath(images.get(), layout, O_PATH | O_DIRECTORY);
  if (!result.folder_ && errno == ENOENT)
    return fail(Code::not_found, result.name_, "is not in " + images_dir.string(), "put the layout there");
  if (!result.folder_) return std::unexpected(os_error(errno, result.name_));
  FL_TRY(const std::string marker, result.read("oci-layout", 4096));
  FL_TRY_OK(parse_layout_marker(marker));
  return result;
}

Result<Fd> Layout::open_file(const std::string& name) const {
  Fd file = open_beneath(folder_.get(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file && errno == ENOENT)
    return fail(Code::not_found, name_ + " " + name, "is missing", "copy the image again");
  if (!file) return std::unexpected(os_error(errno, name_ + " " + name));
  return file;
}

Result<std::string> Layout::read(const std::string& name, std::size_t max) const {
  FL_TRY(const Fd file, open_file(name));
  std::string bytes;
  std::vector<char> chunk(65536);
  for (;;) {
    FL_TRY(const std::size_t n, read_some(file, chunk, name_ + " " + name));
    if (n == 0) return bytes;
    bytes.append(chunk.data(), n);
    if (bytes.size() > max)
      return fail(Code::exhausted, name_ + " " + name, "is larger than " + std::to_string(max) + " bytes");
  }
}

Result<std::string> Layout::index() const { return read("index.json", kMaxImageJson); }

Result<std::string> Layout::document(const Descriptor& descriptor) const {
  FL_TRY(std::string bytes, read(blob_name(descriptor.digest), kMaxImageJson));
  if (bytes.size() == descriptor.size && sha256(bytes) == descriptor.digest) return bytes;
  return fail(Code::corrupt, name_ + " " + blob_name(descriptor.digest),
              "its content is not what its name and size say", "copy the image again");
}

Result<> Layout::unpack(const Descriptor& layer, const Digest& diff_id, int folder_fd) const {
  FL_TRY(Fd file, open_file(blob_name(layer.digest)));
  BlobReader blob(std::move(file), name_ + " " + blob_name(layer.digest));
  const bool gzip = layer.type == MediaType::layer_gzip;
  const Result<Digest> unpacked = unpack_layer([&] { return blob.next(); }, gzip, folder_fd);
  // A wrong blob is the better explanation of a layer that cannot be unpacked.
  FL_TRY_OK(blob.check(layer));
  if (!unpacked) return std::unexpected(Error(unpacked.error()).within(name_));
  if (*unpacked == diff_id) return {};
  return fail(
      Code::corrupt, name_ + " " + blob_name(layer.digest),
      "unpacks to " + format(*unpacked) + ", not to the diff id " + format(diff_id) + " of its configuration",
      "build the image again");
}

}  // namespace fairlead::runtime
