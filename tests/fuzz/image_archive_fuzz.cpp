// SPDX-License-Identifier: Apache-2.0
// Any octets as an image archive: an index whose every entry lies inside the
// file under a name that leads nowhere else, or an Error that says why.
#include <cstdint>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "orchestrator/runtime/image/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  static const Fd file(::memfd_create("archive", MFD_CLOEXEC));
  FL_CHECK(::ftruncate(file.get(), 0) == 0);
  FL_CHECK(::pwrite(file.get(), data, size, 0) == static_cast<ssize_t>(size));
  const Result<runtime::ArchiveIndex> index = runtime::index_archive(file);
  if (!index) {
    FL_CHECK(!index.error().reason.empty() && !index.error().object.empty());
    return 0;
  }
  FL_CHECK(index->size() <= runtime::kMaxArchiveEntries);
  for (const auto& [name, entry] : *index) {
    FL_CHECK(!name.starts_with("/") && !("/" + name + "/").contains("/../"), name);
    FL_CHECK(entry.offset <= size && entry.size <= size - entry.offset, name, entry.offset, entry.size);
  }
  return 0;
}
