// SPDX-License-Identifier: Apache-2.0
// Whole small files. Writes are atomic: a reader sees the old bytes or the new ones.
// write_file_atomic (temporary file, fsync, rename, fsync of the folder) keeps that over a power loss;
// replace_file is for what is made anew after one, and needs no disk for what is there already.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead {

constexpr std::size_t kMaxFileBytes = 64U << 20;

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes = kMaxFileBytes);
Result<> write_file_atomic(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);
Result<> replace_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

}  // namespace fairlead
