// SPDX-License-Identifier: Apache-2.0
// KeptFile: named pieces of memory in a file in memory (tmpfs), which the next process finds as the last one
// left them, however that ended:
//
//     page 0     magic, version, buckets, the layout's fingerprint
//     page 1...  the pieces, each from a cache line's boundary on
//
// The whole file is allocated when it is made, for a store into a full tmpfs kills, and stands in large pages
// where the kernel has them. One process at a time has it (flock). A file of another version or layout begins
// anew, empty; another user's is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::dpdk {

struct Piece {
  std::string_view name;
  std::size_t bytes = 0;
};
using Pieces = std::vector<Piece>;
using PiecesOf = std::function<Pieces(std::size_t buckets)>;

class KeptFile {
 public:
  // `buckets`: a power of two; a file that is found keeps its own number.
  static Result<std::unique_ptr<KeptFile>> open(const std::filesystem::path& file, std::uint32_t version,
                                                std::size_t buckets, const PiecesOf& pieces_of);
  // The file goes; success when there is none. conflict: a process has it.
  static Result<> remove(const std::filesystem::path& file);
  ~KeptFile();  // the file stays
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  std::size_t buckets() const { return buckets_; }
  bool adopted() const { return adopted_; }
  bool foreign() const { return foreign_; }  // what was there could not be adopted, and is gone
  void* at(std::string_view name) const;

 private:
  KeptFile() = default;
  Result<> map(const std::filesystem::path& file, std::size_t bytes);

  Fd fd_;  // and its lock
  unsigned char* at_ = nullptr;
  std::span<unsigned char> reserved_;  // addresses; `at_` is among them
  Pieces pieces_;
  std::size_t buckets_ = 0;
  bool adopted_ = false, foreign_ = false;
};

}  // namespace fairlead::dpdk
