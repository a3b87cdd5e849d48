// SPDX-License-Identifier: Apache-2.0
// A folder of a test's own, removed with everything in it when this object
// ends. In memory where the machine can (an fsync there costs nothing), on the
// disk, below the build folder, when asked.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fairlead {

class Scratch {
 public:
  enum class Place { memory, disk };
  explicit Scratch(Place place = Place::memory) {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = place == Place::memory && std::filesystem::is_directory(memory);
    std::string name = ((in_memory ? memory : disk()) / "fl-scratch-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": cannot be made");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  void clear() const {  // everything in it goes
    for (const auto& entry : std::filesystem::directory_iterator(path_)) std::filesystem::remove_all(entry);
  }

 private:
  static std::filesystem::path disk() {
    const char* build = std::getenv("FL_BUILD_DIR");
    if (build == nullptr) return std::filesystem::temp_directory_path();
    std::filesystem::create_directories(std::filesystem::path(build) / "scratch");
    return std::filesystem::path(build) / "scratch";
  }

  std::filesystem::path path_;
};

}  // namespace fairlead
