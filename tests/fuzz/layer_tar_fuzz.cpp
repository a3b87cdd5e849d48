// SPDX-License-Identifier: Apache-2.0
// Any octets as a layer, plain and compressed: unpacked or refused, and nothing
// is ever made, changed or removed beside the folder it was given, however its
// names and links point out of it. The folder stands between two witnesses.
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/io/fd.h"
#include "base/io/file.h"
#include "orchestrator/runtime/layer/unpack.h"
#include "tests/support/scratch.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

// top/witness and top/layer.
struct Ground {
  Ground() { FL_CHECK(write_file_atomic(top / "witness", "unchanged").has_value()); }
  Scratch top;
};

void check_witness(const Ground& ground) {
  FL_CHECK(read_file(ground.top / "witness").value_or("gone") == "unchanged");
  std::size_t entries = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(ground.top.path())) {
    FL_CHECK(entry.path().filename() == "witness" || entry.path().filename() == "layer",
             entry.path().string());
    ++entries;
  }
  FL_CHECK(entries == 2, entries);
}

void unpack(const Ground& ground, std::string_view octets, bool gzip) {
  const fs::path folder = ground.top / "layer";
  FL_CHECK(::mkdir(folder.c_str(), 0755) == 0);
  const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  bool given = false;
  const ReadBlob read = [&]() -> Result<std::string_view> {
    return std::exchange(given, true) ? std::string_view() : octets;
  };
  const LayerLimits limits{200, 1U << 20, 16};
  const Result<Digest> digest = unpack_layer(read, gzip, opened.get(), limits);
  FL_CHECK(digest || (!digest.error().reason.empty() && !digest.error().object.empty()));
  check_witness(ground);
  std::uint64_t entries = 0, bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    ++entries;
    if (!entry.is_symlink() && entry.is_regular_file() && entry.hard_link_count() == 1)
      bytes += entry.file_size();
    FL_CHECK(entry.is_symlink() || !entry.is_block_file(), entry.path().string());
  }
  FL_CHECK(bytes <= limits.bytes && entries <= limits.entries * limits.depth, bytes, entries);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace fairlead::runtime

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::runtime;
  static const Ground ground;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  unpack(ground, octets, false);
  if (octets.starts_with("\x1f\x8b")) unpack(ground, octets, true);
  return 0;
}
