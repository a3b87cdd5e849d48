// SPDX-License-Identifier: Apache-2.0
// The JSON of an OCI image (image-spec 1.1: index, manifest, config) and our
// name for an image, as values. Parsing only: bytes in, values or an Error
// that names the document out. No file is touched; what is not understood
// (media types, digests, platforms) is refused, never guessed. Fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orchestrator/runtime/image/digest.h"

namespace fairlead::runtime {

constexpr std::size_t kMaxImageJson = 4U << 20;
constexpr std::size_t kMaxLayers = 40;  // so that the mount's option string fits a page

// "oci:LAYOUT" or "oci:LAYOUT:TAG".
struct ImageReference {
  std::string layout;  // relative folder below images_dir; no "..", no leading "/"
  std::string tag;     // empty: the only manifest, or the one tagged "latest"
  bool operator==(const ImageReference&) const = default;
};
Result<ImageReference> parse_reference(std::string_view text);
std::string format(const ImageReference& reference);

enum class MediaType : std::uint8_t { index, manifest, config, layer_tar, layer_gzip };

struct Descriptor {
  MediaType type = MediaType::manifest;
  Digest digest;
  std::uint64_t size = 0;
  std::string tag;       // annotation org.opencontainers.image.ref.name
  std::string platform;  // "linux/amd64"; empty when not said
  bool operator==(const Descriptor&) const = default;
};

struct ImageIndex {
  std::vector<Descriptor> manifests;
};

struct ImageManifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // lowest first
};

struct ImageConfig {
  std::vector<std::string> entrypoint, command, env;
  std::string user;              // "", "uid", "uid:gid", "name", "name:group"
  std::string working_dir;       // "" means "/"
  std::vector<Digest> diff_ids;  // of the uncompressed layers, lowest first
  bool operator==(const ImageConfig&) const = default;
};

// "oci-layout": its version must be 1.x.
Result<> parse_layout_marker(std::string_view json);
Result<ImageIndex> parse_index(std::string_view json);
Result<ImageManifest> parse_manifest(std::string_view json);
// Refuses a config for another platform than linux/`architecture`.
Result<ImageConfig> parse_config(std::string_view json, std::string_view architecture);

// The manifest (or nested index) that `tag` means on linux/`architecture`.
Result<Descriptor> choose(const ImageIndex& index, std::string_view tag, std::string_view architecture);

}  // namespace fairlead::runtime
