// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/oci.h"

#include <algorithm>

#include "orchestrator/runtime/image/json.h"

namespace fairlead::runtime {
namespace {

constexpr std::size_t kMaxManifests = 256;
constexpr std::uint64_t kMaxBlob = 16ULL << 30;
constexpr std::string_view kTagAnnotation = "org.opencontainers.image.ref.name";

Result<MediaType> parse_media_type(std::string_view type) {
  using enum MediaType;
  static constexpr std::pair<std::string_view, MediaType> kKnown[] = {
      {"application/vnd.oci.image.index.v1+json", index},
      {"application/vnd.docker.distribution.manifest.list.v2+json", index},
      {"application/vnd.oci.image.manifest.v1+json", manifest},
      {"application/vnd.docker.distribution.manifest.v2+json", manifest},
      {"application/vnd.oci.image.config.v1+json", config},
      {"application/vnd.docker.container.image.v1+json", config},
      {"application/vnd.oci.image.layer.v1.tar", layer_tar},
      {"application/vnd.oci.image.layer.v1.tar+gzip", layer_gzip},
      {"application/vnd.docker.image.rootfs.diff.tar.gzip", layer_gzip},
  };
  for (const auto& [name, value] : kKnown)
    if (name == type) return value;
  const std::string shown = "media type \"" + std::string(type.substr(0, 120)) + "\"";
  if (type.ends_with("+zstd"))
    return fail(Code::unsupported, shown, "zstd layers are not supported", "rebuild the image with gzip");
  return fail(Code::unsupported, shown, "is not one that Fairlead runs",
              "use an OCI image manifest with tar layers");
}

bool is_layer(MediaType type) { return type == MediaType::layer_tar || type == MediaType::layer_gzip; }

Result<Descriptor> parse_descriptor(const JsonReader& reader, const boost::json::object& in) {
  Descriptor result;
  FL_TRY(const std::string type, reader.text(in, "mediaType"));
  FL_TRY(result.type, parse_media_type(type));
  FL_TRY(const std::string digest, reader.text(in, "digest"));
  FL_TRY(result.digest, Digest::parse(digest));
  if (in.if_contains("size") == nullptr) return reader.wrong("size", "is missing");
  FL_TRY(result.size, reader.number(in, "size"));
  if (result.size > kMaxBlob) return reader.wrong("size", "is more than 16 GiB");
  FL_TRY(const boost::json::object annotations, reader.object(in, "annotations"));
  FL_TRY(result.tag, reader.text(annotations, kTagAnnotation));
  FL_TRY(const boost::json::object platform, reader.object(in, "platform"));
  FL_TRY(const std::string os, reader.text(platform, "os"));
  FL_TRY(const std::string architecture, reader.text(platform, "architecture"));
  if (!os.empty() || !architecture.empty()) result.platform = os + "/" + architecture;
  return result;
}

Result<> check_schema_version(const JsonReader& reader) {
  FL_TRY(const std::uint64_t version, reader.number(reader.root(), "schemaVersion"));
  if (version != 2) return reader.wrong("schemaVersion", "is not 2");
  return {};
}

Result<> check_own_type(const JsonReader& reader, MediaType wanted) {
  FL_TRY(const std::string type, reader.text(reader.root(), "mediaType"));
  if (type.empty()) return {};
  FL_TRY(const MediaType own, parse_media_type(type));
  if (own != wanted) return reader.wrong("mediaType", "is of another kind of document");
  return {};
}

}  // namespace

Result<> parse_layout_marker(std::string_view json) {
  FL_TRY(const JsonReader reader, JsonReader::parse("oci-layout", json, 4096));
  FL_TRY(const std::string version, reader.text(reader.root(), "imageLayoutVersion"));
  if (!version.starts_with("1.")) return reader.wrong("imageLayoutVersion", "is not 1.x");
  return {};
}

Result<ImageIndex> parse_index(std::string_view json) {
  FL_TRY(const JsonReader reader, JsonReader::parse("image index", json, kMaxImageJson));
  FL_TRY_OK(check_schema_version(reader));
  FL_TRY_OK(check_own_type(reader, MediaType::index));
  FL_TRY(const auto entries, reader.objects(reader.root(), "manifests", kMaxManifests));
  ImageIndex result;
  for (const boost::json::object& entry : entries) {
    FL_TRY(Descriptor descriptor, parse_descriptor(reader, entry));
    if (descriptor.type != MediaType::manifest && descriptor.type != MediaType::index)
      return reader.wrong("manifests", "names something that is no manifest");
    result.manifests.push_back(std::move(descriptor));
  }
  return result;
}

Result<ImageManifest> parse_manifest(std::string_view json) {
  FL_TRY(const JsonReader reader, JsonReader::parse("image manifest", json, kMaxImageJson));
  FL_TRY_OK(check_schema_version(reader));
  FL_TRY_OK(check_own_type(reader, MediaType::manifest));
  ImageManifest result;
  if (reader.root().if_contains("config") == nullptr) return reader.wrong("config", "is missing");
  FL_TRY(const boost::json::object config, reader.object(reader.root(), "config"));
  FL_TRY(result.config, parse_descriptor(reader, config));
  if (result.config.type != MediaType::config) return reader.wrong("config", "is no image configuration");
  FL_TRY(const auto layers, reader.objects(reader.root(), "layers", kMaxLayers));
  for (const boost::json::object& layer : layers) {
    FL_TRY(Descriptor descriptor, parse_descriptor(reader, layer));
    if (!is_layer(descriptor.type)) return reader.wrong("layers", "names something that is no layer");
    result.layers.push_back(std::move(descriptor));
  }
  if (result.layers.empty()) return reader.wrong("layers", "is empty");
  return result;
}

Result<ImageConfig> parse_config(std::string_view json, std::string_view architecture) {
  FL_TRY(const JsonReader reader, JsonReader::parse("image configuration", json, kMaxImageJson));
  FL_TRY(const std::string os, reader.text(reader.root(), "os"));
  FL_TRY(const std::string made_for, reader.text(reader.root(), "architecture"));
  if (os != "linux" || made_for != architecture)
    return fail(Code::unsupported, "image configuration", "is for " + os + "/" + made_for,
                "use an image for linux/" + std::string(architecture));
  FL_TRY(const boost::json::object in, reader.object(reader.root(), "config"));
  ImageConfig result;
  FL_TRY(result.entrypoint, reader.texts(in, "Entrypoint"));
  FL_TRY(result.command, reader.texts(in, "Cmd"));
  FL_TRY(result.env, reader.texts(in, "Env"));
  FL_TRY(result.user, reader.text(in, "User"));
  FL_TRY(result.working_dir, reader.text(in, "WorkingDir"));
  FL_TRY(const boost::json::object rootfs, reader.object(reader.root(), "rootfs"));
  FL_TRY(const std::vector<std::string> ids, reader.texts(rootfs, "diff_ids"));
  if (ids.empty() || ids.size() > kMaxLayers) return reader.wrong("rootfs.diff_ids", "is empty or too long");
  for (const std::string& id : ids) {
    FL_TRY(Digest digest, Digest::parse(id));
    result.diff_ids.push_back(std::move(digest));
  }
  return result;
}

Result<Descriptor> choose(const ImageIndex& index, std::string_view tag, std::string_view architecture) {
  const std::string platform = "linux/" + std::string(architecture);
  std::vector<Descriptor> fitting;
  for (const Descriptor& entry : index.manifests)
    if ((entry.platform.empty() || entry.platform == platform) && (tag.empty() || entry.tag == tag))
      fitting.push_back(entry);
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty() && tag.empty())
    return fail(Code::not_found, "image index", "has no manifest for " + platform, "use an image for it");
  if (fitting.empty())
    return fail(Code::not_found, "tag \"" + std::string(tag) + "\"", "is not in the layout for " + platform,
                "name a tag that is there");
  if (tag.empty()) return choose(index, "latest", architecture);
  return fail(Code::invalid, "tag \"" + std::string(tag) + "\"", "names several manifests", "leave one");
}

Result<std::vector<DockerImage>> parse_docker_manifest(std::string_view json) {
  // A list, which our reader takes as a field.
  const std::string wrapped = "{\"images\":" + std::string(json.substr(0, kMaxImageJson)) + "}";
  FL_TRY(const JsonReader reader, JsonReader::parse("manifest.json", wrapped, kMaxImageJson));
  FL_TRY(const auto entries, reader.objects(reader.root(), "images", kMaxManifests));
  std::vector<DockerImage> result;
  for (const boost::json::object& entry : entries) {
    DockerImage image;
    FL_TRY(image.config, reader.text(entry, "Config"));
    FL_TRY(image.tags, reader.texts(entry, "RepoTags"));
    FL_TRY(image.layers, reader.texts(entry, "Layers"));
    if (image.config.empty()) return reader.wrong("Config", "is missing");
    if (image.layers.empty() || image.layers.size() > kMaxLayers)
      return reader.wrong("Layers", "is empty or has more than 40 entries");
    result.push_back(std::move(image));
  }
  return result;
}

Result<DockerImage> choose(const std::vector<DockerImage>& images, std::string_view tag) {
  if (tag.empty() && images.size() == 1) return images.front();
  const std::string wanted = ":" + std::string(tag.empty() ? "latest" : tag);
  const auto has_it = [&](const DockerImage& image) {
    return std::ranges::any_of(image.tags, [&](const std::string& name) { return name.ends_with(wanted); });
  };
  const auto found = std::ranges::find_if(images, has_it);
  const std::string shown = "tag \"" + wanted.substr(1) + "\"";
  if (found == images.end())
    return fail(Code::not_found, shown, "is not in the archive", "name a tag that is there");
  if (std::ranges::count_if(images, has_it) > 1)
    return fail(Code::invalid, shown, "names several images of the archive", "save one image alone");
  return *found;
}

}  // namespace fairlead::runtime
