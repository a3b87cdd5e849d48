// SPDX-License-Identifier: Apache-2.0
// The JSON of an OCI image (image-spec 1.1: index, manifest, config) and of a
// docker archive (manifest.json), as values. Parsing only: bytes in, values or an Error
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

// One image of a docker archive: the names of its files there.
struct DockerImage {
  std::string config;
  std::vector<std::string> tags;    // "nginx:1.25"
  std::vector<std::string> layers;  // lowest first
};
Result<std::vector<DockerImage>> parse_docker_manifest(std::string_view json);
// The only one, or the one of that tag ("latest" when none is named).
Result<DockerImage> choose(const std::vector<DockerImage>& images, std::string_view tag);

// The manifest (or nested index) that `tag` means on linux/`architecture`.
Result<Descriptor> choose(const ImageIndex& index, std::string_view tag, std::string_view architecture);

}  // namespace fairlead::runtime
