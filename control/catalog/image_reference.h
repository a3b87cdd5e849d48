// SPDX-License-Identifier: Apache-2.0
// A container's `image:` as a value, read in one place: spec/ refuses what
// does not parse, the agent looks up what does. Names are relative to the
// node's images folder and never leave it.
//
//   oci:LAYOUT[:TAG]            a folder, an OCI image layout
//   oci-archive:FILE[:TAG]      the same as one tar file
//   docker-archive:FILE[:TAG]   as `docker save` writes it
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead {

enum class ImageSource : std::uint8_t { layout, oci_archive, docker_archive };

struct ImageReference {
  ImageSource source = ImageSource::layout;
  std::string path;  // no "..", no leading "/"
  std::string tag;   // empty: the only image, or the one tagged "latest"
  bool operator==(const ImageReference&) const = default;
};

// Code unsupported: a name of a registry. Code invalid: none of these.
Result<ImageReference> parse_image_reference(std::string_view text);
std::string format(const ImageReference& reference);

}  // namespace fairlead
