// SPDX-License-Identifier: Apache-2.0
// Any octets as each document of an OCI image, as an image's name and as a
// container's log: an Error or a value, and a value keeps its promises.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/catalog/image_reference.h"
#include "orchestrator/runtime/container/bundle.h"
#include "orchestrator/runtime/container/log_file.h"
#include "orchestrator/runtime/image/oci.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::runtime;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto index = parse_index(octets)) {
    const auto chosen = choose(*index, "", "amd64");
    FL_CHECK(!chosen || chosen->digest.hex.size() == 64);
  }
  if (const auto manifest = parse_manifest(octets)) {
    FL_CHECK(!manifest->layers.empty() && manifest->layers.size() <= kMaxLayers, manifest->layers.size());
    for (const Descriptor& layer : manifest->layers) FL_CHECK(layer.digest.hex.size() == 64);
  }
  if (const auto config = parse_config(octets, "amd64"))
    for (const Digest& id : config->diff_ids) FL_CHECK(id.hex.find_first_of("/.") == std::string::npos);
  if (const auto images = parse_docker_manifest(octets)) {
    for (const DockerImage& image : *images) FL_CHECK(!image.layers.empty() && !image.config.empty());
    const auto chosen = choose(*images, "");
    FL_CHECK(!chosen || images->size() == 1 || !chosen->tags.empty());
  }
  if (const auto reference = fairlead::parse_image_reference(octets)) {
    FL_CHECK(!("/" + reference->path + "/").contains("/../") && !reference->path.starts_with("/"));
    FL_CHECK(fairlead::parse_image_reference(format(*reference)) == reference);
  }
  const LogChunk log = parse_log(octets, 5);
  FL_CHECK(log.next >= 5 && log.next <= 5 + size);
  const std::string_view half = octets.substr(0, size / 2);
  static_cast<void>(resolve_user(half, octets.substr(size / 2), octets));
  return 0;
}
