// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/image.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/io/fd.h"
#include "orchestrator/runtime/image/files.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

#if defined(__x86_64__)
constexpr std::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#endif

constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kLock = ".lock-";

// Held until the Fd closes; the kernel gives it back when the process dies.
Result<Fd> lock_layer(const NodePaths& paths, const Digest& diff_id) {
  const std::string name = (paths.layers() / (std::string(kLock) + diff_id.hex)).string();
  Fd file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return std::unexpected(os_error(errno, name, "check that the state folder is writable"));
  while (::flock(file.get(), LOCK_EX) != 0)
    if (errno != EINTR) return std::unexpected(os_error(errno, name));
  return file;
}

Result<> remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(Code::io, path.string(), error.message());
  return {};
}

// An image whose documents are read and verified; its layers are not.
struct Layer {
  std::string file;
  Descriptor descriptor;
};
struct Resolved {
  Digest id;
  ImageConfig config;
  std::vector<Layer> layers;  // lowest first
};

Result<> unpack_into(const ImageFiles& files, const Layer& layer, const Digest& diff_id,
                     const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0) return std::unexpected(os_error(errno, folder.string()));
  const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return std::unexpected(os_error(errno, folder.string()));
  FL_TRY_OK(files.unpack(layer.file, layer.descriptor, diff_id, opened.get()));
  if (::syncfs(opened.get()) != 0) return std::unexpected(os_error(errno, folder.string(), "check the disk"));
  return {};
}

Result<> ensure_layer(const NodePaths& paths, const ImageFiles& files, const Layer& layer,
                      const Digest& diff_id) {
  const fs::path complete = paths.layers() / diff_id.hex;
  if (fs::exists(complete)) return {};
  FL_TRY(const Fd lock, lock_layer(paths, diff_id));
  if (fs::exists(complete)) return {};  // another call was first
  const fs::path temporary = paths.layers() / (std::string(kTemporary) + diff_id.hex);
  FL_TRY_OK(remove_tree(temporary));
  if (Result<> unpacked = unpack_into(files, layer, diff_id, temporary); !unpacked) {
    [[maybe_unused]] const Result<> removed = remove_tree(temporary);  // the first error is the one to tell
    return unpacked;
  }
  if (::rename(temporary.c_str(), complete.c_str()) != 0)
    return std::unexpected(os_error(errno, complete.string()));
  const Fd folder(::open(paths.layers().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return std::unexpected(os_error(errno, paths.layers().string()));
  return {};
}

Result<Descriptor> find_manifest(const ImageFiles& files, const std::string& tag) {
  FL_TRY(const std::string text, files.read("index.json", kMaxImageJson));
  FL_TRY(const ImageIndex index, parse_index(text));
  FL_TRY(Descriptor chosen, choose(index, tag, kArchitecture));
  if (chosen.type == MediaType::manifest) return chosen;
  FL_TRY(const std::string nested_text, files.document(chosen));
  FL_TRY(const ImageIndex nested, parse_index(nested_text));
  FL_TRY(chosen, choose(nested, "", kArchitecture));
  if (chosen.type != MediaType::manifest)
    return fail(Code::unsupported, "image index", "nests more than once");
  return chosen;
}

Result<Resolved> resolve_oci(const ImageFiles& files, const std::string& tag) {
  FL_TRY(const Descriptor found, find_manifest(files, tag));
  FL_TRY(const std::string manifest_text, files.document(found));
  FL_TRY(const ImageManifest manifest, parse_manifest(manifest_text));
  FL_TRY(const std::string config_text, files.document(manifest.config));
  Resolved result;
  result.id = found.digest;
  FL_TRY(result.config, parse_config(config_text, kArchitecture));
  for (const Descriptor& layer : manifest.layers) result.layers.push_back({blob_name(layer.digest), layer});
  return result;
}

// Its files are called by their digests: "<hex>.json", "<hex>.tar", "blobs/sha256/<hex>".
std::optional<Digest> digest_of_name(std::string_view name) {
  if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  const Result<Digest> digest = Digest::parse("sha256:" + std::string(name.substr(0, name.find('.'))));
  return digest ? std::optional(*digest) : std::nullopt;
}

Result<Resolved> resolve_docker(const ImageFiles& files, const std::string& tag) {
  FL_TRY(const std::string text, files.read("manifest.json", kMaxImageJson));
  FL_TRY(const std::vector<DockerImage> images, parse_docker_manifest(text));
  FL_TRY(const DockerImage chosen, choose(images, tag));
  FL_TRY(const std::string config_text, files.read(chosen.config, kMaxImageJson));
  Resolved result;
  result.id = sha256(config_text);
  if (digest_of_name(chosen.config) != result.id)
    return fail(Code::corrupt, "image configuration " + chosen.config,
                "its content is not what its name says", "save the image again");
  FL_TRY(result.config, parse_config(config_text, kArchitecture));
  for (std::size_t i = 0; i < std::min(chosen.layers.size(), result.config.diff_ids.size()); ++i) {
    Layer layer{chosen.layers[i], {}};
    FL_TRY(const bool gzip, files.is_gzip(layer.file));
    layer.descriptor.type = gzip ? MediaType::layer_gzip : MediaType::layer_tar;
    FL_TRY(layer.descriptor.size, files.size(layer.file));
    // "<id>/layer.tar" has no digest in its name: a plain layer's is its diff id.
    layer.descriptor.digest = digest_of_name(layer.file).value_or(result.config.diff_ids[i]);
    result.layers.push_back(std::move(layer));
  }
  if (chosen.layers.size() != result.layers.size()) result.layers.clear();
  return result;
}

Result<Image> prepare(const NodePaths& paths, const ImageReference& reference) {
  FL_TRY(const ImageFiles files, ImageFiles::open(paths.images_dir, reference));
  const bool docker = reference.source == ImageSource::docker_archive;
  FL_TRY(Resolved image, docker ? resolve_docker(files, reference.tag) : resolve_oci(files, reference.tag));
  if (image.config.diff_ids.size() != image.layers.size())
    return fail(Code::invalid, "image manifest", "has another number of layers than its configuration");
  for (std::size_t i = 0; i < image.layers.size(); ++i)
    FL_TRY_OK(ensure_layer(paths, files, image.layers[i], image.config.diff_ids[i]));
  return Image{image.id, std::move(image.config)};
}

}  // namespace

Result<Image> prepare_image(const NodePaths& paths, std::string_view reference) {
  FL_TRY(const ImageReference parsed, parse_image_reference(reference));
  Result<Image> image = prepare(paths, parsed);
  if (!image) return std::unexpected(std::move(image).error().within("image " + format(parsed)));
  return image;
}

Result<> sweep_layers(const NodePaths& paths) {
  std::error_code error;
  std::vector<fs::path> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(paths.layers(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kTemporary) || name.starts_with(kLock)) left.push_back(entry.path());
  }
  if (error) return fail(Code::io, paths.layers().string(), error.message());
  for (const fs::path& path : left) FL_TRY_OK(remove_tree(path));
  return {};
}

}  // namespace fairlead::runtime
