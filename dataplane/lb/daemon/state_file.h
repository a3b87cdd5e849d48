// SPDX-License-Identifier: Apache-2.0
// The edge's state on disk (core/saved.h): written and durable before what it says has an effect.
#pragma once

#include <filesystem>
#include <optional>

#include "base/io/fd.h"
#include "dataplane/lb/core/saved.h"

namespace fairlead::lb {

class StateFile {
 public:
  explicit StateFile(const std::filesystem::path& folder);

  // For as long as this object is: conflict while another process has it. Makes the folder.
  Result<> lock();
  // None: there is no file. corrupt: it is damaged, and says what to do.
  Result<std::optional<Saved>> load() const;
  Result<> save(const Saved& saved);  // nothing when it is what stands there
  Result<> remove();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Fd locked_;
  std::string written_;
};

}  // namespace fairlead::lb
