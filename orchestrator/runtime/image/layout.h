// SPDX-License-Identifier: Apache-2.0
// An OCI image layout folder, read-only. Every blob's size and digest are
// checked against its content; names never leave the images folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/io/fd.h"
#include "orchestrator/runtime/image/oci.h"
#include "orchestrator/runtime/layer/unpack.h"

namespace fairlead::runtime {

class Layout {
 public:
  static Result<Layout> open(const std::filesystem::path& images_dir, const std::string& layout);

  Result<std::string> index() const;                                 // index.json
  Result<std::string> document(const Descriptor& descriptor) const;  // a whole, small, verified blob
  // Unpacks a layer's blob into a folder; Error unless the blob's digest and
  // the diff id are both right. The folder's content is worthless on Error.
  Result<> unpack(const Descriptor& layer, const Digest& diff_id, int folder_fd) const;

 private:
  Result<std::string> read(const std::string& name, std::size_t max) const;
  Result<Fd> open_file(const std::string& name) const;

  std::string name_;
  Fd folder_;
};

}  // namespace fairlead::runtime
