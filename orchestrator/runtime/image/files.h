// SPDX-License-Identifier: Apache-2.0
// The files of one image, read-only: a layout's folder, or an archive whose
// files are read in place. Names never leave the images folder nor the
// archive, and every blob's size and digest are checked against its content.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/io/fd.h"
#include "control/catalog/image_reference.h"
#include "orchestrator/runtime/image/archive.h"
#include "orchestrator/runtime/image/oci.h"
#include "orchestrator/runtime/layer/unpack.h"

namespace fairlead::runtime {

class ImageFiles {
 public:
  static Result<ImageFiles> open(const std::filesystem::path& images_dir, const ImageReference& reference);

  // A whole, small file, as it is.
  Result<std::string> read(const std::string& name, std::size_t max) const;
  Result<std::string> document(const Descriptor& descriptor) const;  // a whole, small, verified blob
  Result<std::uint64_t> size(const std::string& name) const;         // of an archive's file
  // The first two octets say what a layer without a media type is.
  Result<bool> is_gzip(const std::string& name) const;
  // Unpacks a layer's file into a folder; Error unless the file's digest and
  // the diff id are both right. The folder's content is worthless on Error.
  Result<> unpack(const std::string& name, const Descriptor& layer, const Digest& diff_id,
                  int folder_fd) const;

 private:
  struct Piece {  // of an open file
    Fd own;       // when it was opened for this
    int file = -1;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  // at most: the file may end before
  };
  class Reader;

  Result<Piece> find(const std::string& name) const;

  std::string name_;
  Fd folder_;   // of a layout
  Fd archive_;  // of an archive
  ArchiveIndex index_;
};

// Where a layout, in a folder or in an archive, has a blob: "blobs/sha256/<hex>".
std::string blob_name(const Digest& digest);

}  // namespace fairlead::runtime
