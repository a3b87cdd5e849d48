// SPDX-License-Identifier: Apache-2.0
// Unpacks one layer (tar or tar+gzip) into an empty folder, in overlayfs'
// form: ".wh.NAME" becomes a character device 0/0, ".wh..wh..opq" the xattr
// trusted.overlay.opaque=y.
//
// Nothing is ever made or followed outside the folder: names are relative
// without "..", every parent is resolved with RESOLVE_BENEATH and without
// following links, hard links only reach regular files of the same layer.
// Devices, fifos and sockets are refused; so are more entries or bytes than
// the limits allow. set-id bits, owners, modes, times and
// security.capability are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "orchestrator/runtime/image/digest.h"

namespace fairlead::runtime {

struct LayerLimits {
  std::uint64_t entries = 1'000'000;
  std::uint64_t bytes = 16ULL << 30;  // unpacked
  std::size_t depth = 128;            // folders
};

// The next bytes of the blob, empty at its end.
using ReadBlob = std::function<Result<std::string_view>()>;

// Unpacks; gives the digest of the uncompressed tar, which the caller compares
// with the image's diff id before it uses the folder.
Result<Digest> unpack_layer(const ReadBlob& read, bool gzip, int folder_fd, const LayerLimits& limits = {});

}  // namespace fairlead::runtime
