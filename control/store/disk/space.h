// SPDX-License-Identifier: Apache-2.0
// Space: what a store keeps for the day its file system is full. A reserve
// file beside the database holds real blocks; when a write finds no room it is
// given up, so that the write-ahead log can be brought home, and writes are
// admitted again when it could be made anew and as much as a quarter of it is
// free beside it. Nothing is ever written into it.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace fairlead::store {

class Space {
 public:
  Space(std::filesystem::path database, std::uint64_t reserve_bytes);

  // Makes the reserve, or finds it there, and looks whether there is room to
  // write. Errors: exhausted, naming the file system, what it lacks and what to do.
  Result<> take();
  void release();
  bool taken() const { return taken_; }

  // The error of a write that found no room.
  Error full() const;

 private:
  std::uint64_t free_bytes() const;
  std::filesystem::path database_;
  std::filesystem::path reserve_;
  std::uint64_t bytes_;
  bool held_ = false;   // the reserve is there
  bool taken_ = false;  // and there was room beside it
};

}  // namespace fairlead::store
