// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/memory/kept_file.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "dataplane/dpdk/memory/huge_pages.h"

namespace fairlead::dpdk {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLine = 64;
constexpr std::size_t kMostBuckets = std::size_t{1} << 25;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t buckets;
  std::uint64_t layout;
};
constexpr char kMagic[8] = {'F', 'L', 'E', 'D', 'G', 'E', '1', 0};

std::size_t whole_lines(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

struct Layout {
  std::size_t bytes = kPage;
  std::uint64_t fingerprint = 0xcbf29ce484222325ULL;  // FNV-1a of names and sizes

  explicit Layout(const Pieces& pieces) {
    for (const Piece& piece : pieces) {
      for (const char letter : piece.name) mix(static_cast<unsigned char>(letter));
      mix(piece.bytes);
      bytes += whole_lines(piece.bytes);
    }
  }
  void mix(std::uint64_t value) { fingerprint = (fingerprint ^ value) * 0x100000001b3ULL; }
};

std::unexpected<Error> refused(const std::filesystem::path& file, const std::string& doing, int error,
                               const std::string& remedy) {
  return fail(error == EWOULDBLOCK ? Code::conflict : Code::unavailable, file.string(),
              doing + ": " + std::strerror(error), remedy);
}

// What others could have put there is not ours.
Result<> check_owner(int fd, const std::filesystem::path& file) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return refused(file, "cannot be looked at", errno, "remove it");
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0 || info.st_nlink != 1)
    return fail(Code::denied, file.string(), "is not this user's own file alone",
                "see whose it is, and remove it");
  return {};
}

Result<Fd> open_locked(const std::filesystem::path& file, int flags) {
  Fd fd(::open(file.c_str(), flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return refused(file, "cannot be opened", errno, "see whose it is, and remove it");
  FL_TRY_OK(check_owner(fd.get(), file));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return refused(file, "another process has it", errno, "end that edge, or give this one another --name");
  return fd;
}

// Buckets of what stands there; 0: nothing that could be adopted.
std::size_t buckets_of(int fd, std::uint32_t version, const PiecesOf& pieces_of) {
  Header header{};
  struct stat info{};
  if (::pread(fd, &header, sizeof header, 0) != sizeof header || ::fstat(fd, &info) != 0) return 0;
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != version) return 0;
  if (!std::has_single_bit(header.buckets) || header.buckets > kMostBuckets) return 0;
  const Layout layout(pieces_of(header.buckets));
  const bool whole = header.layout == layout.fingerprint && info.st_size == static_cast<off_t>(layout.bytes);
  return whole ? header.buckets : 0;
}

bool holds_something(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && info.st_size > 0;
}

Result<> make_empty(int fd, const std::filesystem::path& file, std::size_t bytes) {
  if (::ftruncate(fd, 0) != 0) return refused(file, "cannot be emptied", errno, "remove it");
  if (const int bad = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)); bad != 0) {
    (void)::ftruncate(fd, 0);
    return refused(file, "has no room for " + std::to_string(bytes >> 20) + " MiB", bad,
                   "make room there (df), or ask for fewer flows");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<KeptFile>> KeptFile::open(const std::filesystem::path& file, std::uint32_t version,
                                                 std::size_t buckets, const PiecesOf& pieces_of) {
  std::unique_ptr<KeptFile> made(new KeptFile());
  FL_TRY(made->fd_, open_locked(file, O_CREAT));
  const std::size_t found = buckets_of(made->fd_.get(), version, pieces_of);
  made->adopted_ = found != 0;
  made->foreign_ = found == 0 && holds_something(made->fd_.get());
  made->buckets_ = found != 0 ? found : buckets;
  made->pieces_ = pieces_of(made->buckets_);
  const Layout layout(made->pieces_);
  if (!made->adopted_) FL_TRY_OK(make_empty(made->fd_.get(), file, layout.bytes));
  FL_TRY_OK(made->map(file, layout.bytes));
  Header header{{}, version, static_cast<std::uint32_t>(made->buckets_), layout.fingerprint};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::memcpy(made->at_, &header, sizeof header);
  return made;
}

void* KeptFile::at(std::string_view name) const {
  std::size_t used = kPage;
  for (const Piece& piece : pieces_) {
    if (piece.name == name) return at_ + used;
    used += whole_lines(piece.bytes);
  }
  FL_CHECK(false, "no such piece", name);
  return nullptr;
}

Result<> KeptFile::map(const std::filesystem::path& file, std::size_t bytes) {
  // A large page of the file stands in one of memory only where both begin together.
  const std::size_t room = bytes + kHugePage;
  void* at = ::mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return refused(file, "cannot be mapped", errno, "ask for fewer flows");
  reserved_ = {static_cast<unsigned char*>(at), room};
  std::size_t left = room;
  at = std::align(kHugePage, bytes, at, left);
  if (::mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd_.get(), 0) == MAP_FAILED)
    return refused(file, "cannot be mapped", errno, "ask for fewer flows");
  at_ = static_cast<unsigned char*>(at);
  use_huge_pages(at_, bytes);
  return {};
}

KeptFile::~KeptFile() {
  if (!reserved_.empty()) ::munmap(reserved_.data(), reserved_.size());
}

Result<> KeptFile::remove(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  FL_TRY(const Fd locked, open_locked(file, 0));
  if (::unlink(file.c_str()) == 0) return {};
  return refused(file, "cannot be removed", errno, "remove it by hand");
}

}  // namespace fairlead::dpdk
