// SPDX-License-Identifier: Apache-2.0
// The edge's state on disk (core/saved.h): written and durable before what it says has an effect.
#pragma once

#include <filesystem>
#include <optional>

#include "dataplane/lb/core/saved.h"

namespace fairlead::lb {

class StateFile {
 public:
  explicit StateFile(const std::filesystem::path& folder);

  // None: there is no file. corrupt: it is damaged, and says what to do.
  Result<std::optional<Saved>> load() const;
  Result<> save(const Saved& saved);  // nothing when it is what stands there
  Result<> remove();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string written_;
};

}  // namespace fairlead::lb
