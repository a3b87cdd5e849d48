// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over its corpus as an ordinary test: every file of
// $FL_CORPUS, each cut at every octet, and seeded mutations of each (the same
// in every run). A crash, a hang or a sanitizer's report is the failure.
//
// A file whose name ends in .hex holds hexadecimal octets; spaces and lines
// are free and '#' begins a comment, so that wire bytes stay readable.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "base/io/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fairlead {
namespace {

constexpr std::size_t kMutationsPerFile = 2000;
constexpr std::size_t kMaxCuts = 4096;
constexpr std::size_t kMaxEdits = 8;

using Octets = std::vector<std::uint8_t>;

Octets octets_of_hex(const std::string& text) {
  Octets octets;
  std::string digits;
  bool comment = false;
  for (const char c : text) {
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (comment || std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
    digits.push_back(c);
    if (digits.size() < 2) continue;
    octets.push_back(static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
    digits.clear();
  }
  EXPECT_TRUE(digits.empty()) << "half an octet at the end";
  return octets;
}

Octets read_case(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  EXPECT_TRUE(bytes) << path;
  if (!bytes) return {};
  return path.extension() == ".hex" ? octets_of_hex(*bytes) : Octets(bytes->begin(), bytes->end());
}

// A copy of exactly this size on the heap, so that a read past the end is one past an allocation.
void run(const Octets& octets, std::size_t size) {
  const Octets copy(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

Octets mutate(Octets octets, std::mt19937_64& random) {
  for (std::size_t edits = 1 + random() % kMaxEdits; edits > 0; --edits) {
    if (octets.empty()) octets.push_back(static_cast<std::uint8_t>(random()));
    const auto at = octets.begin() + static_cast<std::ptrdiff_t>(random() % octets.size());
    switch (random() % 5) {
      case 0:
        *at = static_cast<std::uint8_t>(random());
        break;
      case 1:
        *at = static_cast<std::uint8_t>(*at ^ 1U << random() % 8);
        break;
      case 2:
        octets.erase(at);
        break;
      case 3:
        octets.insert(at, static_cast<std::uint8_t>(random()));
        break;
      default:
        std::rotate(octets.begin(), at, octets.end());
        break;
    }
  }
  return octets;
}

TEST(Fuzz, CorpusItsCutsAndItsMutations) {
  const char* folder = std::getenv("FL_CORPUS");
  ASSERT_NE(folder, nullptr) << "FL_CORPUS names the corpus folder";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  ASSERT_FALSE(files.empty()) << folder;
  std::mt19937_64 random(1);
  std::size_t cases = 0;
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const Octets octets = read_case(file);
    for (std::size_t size = 0; size <= std::min(octets.size(), kMaxCuts); ++size, ++cases) run(octets, size);
    for (std::size_t i = 0; i < kMutationsPerFile; ++i, ++cases) {
      const Octets mutated = mutate(octets, random);
      run(mutated, mutated.size());
    }
    run(octets, octets.size());
    ++cases;
  }
  std::printf("%zu cases from %zu files\n", cases, files.size());
}

}  // namespace
}  // namespace fairlead
