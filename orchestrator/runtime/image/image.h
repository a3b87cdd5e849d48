// SPDX-License-Identifier: Apache-2.0
// Images ready to run: reads a layout or an archive, verifies every digest against
// the content, unpacks each layer once into state_dir/layers/<diff id>.
//
// A layer folder exists complete or not at all (temporary folder, sync,
// rename). Concurrent calls unpack a layer once: a lock file per layer, held
// by the kernel, so a dead process releases it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/runtime/image/oci.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

struct Image {
  Digest manifest;
  ImageConfig config;  // config.diff_ids names the layer folders, lowest first
};

// Seconds for a large image; idempotent. Errors name the image, the blob and
// what is wrong with it.
Result<Image> prepare_image(const NodePaths& paths, std::string_view reference);

// Removes temporary folders of crashed unpacks. At start, before pods.
Result<> sweep_layers(const NodePaths& paths);

}  // namespace fairlead::runtime
