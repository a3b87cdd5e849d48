// SPDX-License-Identifier: Apache-2.0
#include "control/store/disk/mark.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "control/store/embedded/record.h"

namespace fairlead::store {
namespace {

using Words = std::array<std::uint64_t, 4>;
constexpr std::uint64_t kMagic = 0x314b52414d444c46U;  // "FLDMARK1"

std::uint64_t sum_of(const Mark::Seen& seen) { return chain_checksum(seen.chain, seen.revision, "mark"); }

}  // namespace

Result<Mark> Mark::open(const std::filesystem::path& database) {
  Mark mark;
  mark.fd_ = Fd(::open((database.string() + "-mark").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!mark.fd_)
    return std::unexpected(os_error(errno, database.string(), "make its folder and let it be written"));
  Words words{};
  if (::pread(mark.fd_.get(), words.data(), sizeof words, 0) != sizeof words) return mark;
  const Seen seen{Revision{words[1]}, words[2]};
  if (words[0] == kMagic && words[3] == sum_of(seen)) mark.found_ = seen;
  return mark;
}

void Mark::write(Seen seen) const {
  const Words words{kMagic, seen.revision.value, seen.chain, sum_of(seen)};
  (void)!::pwrite(fd_.get(), words.data(), sizeof words, 0);
}

}  // namespace fairlead::store
