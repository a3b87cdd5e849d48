// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/image.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/io/fd.h"
#include "orchestrator/runtime/image/layout.h"

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

Result<> unpack_into(const Layout& layout, const Descriptor& layer, const Digest& diff_id,
                     const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0) return std::unexpected(os_error(errno, folder.string()));
  const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return std::unexpected(os_error(errno, folder.string()));
  FL_TRY_OK(layout.unpack(layer, diff_id, opened.get()));
  if (::syncfs(opened.get()) != 0) return std::unexpected(os_error(errno, folder.string(), "check the disk"));
  return {};
}

Result<> ensure_layer(const NodePaths& paths, const Layout& layout, const Descriptor& layer,
                      const Digest& diff_id) {
  const fs::path complete = paths.layers() / diff_id.hex;
  if (fs::exists(complete)) return {};
  FL_TRY(const Fd lock, lock_layer(paths, diff_id));
  if (fs::exists(complete)) return {};  // another call was first
  const fs::path temporary = paths.layers() / (std::string(kTemporary) + diff_id.hex);
  FL_TRY_OK(remove_tree(temporary));
  if (Result<> unpacked = unpack_into(layout, layer, diff_id, temporary); !unpacked) {
    [[maybe_unused]] const Result<> removed = remove_tree(temporary);  // the first error is the one to tell
    return unpacked;
  }
  if (::rename(temporary.c_str(), complete.c_str()) != 0)
    return std::unexpected(os_error(errno, complete.string()));
  const Fd folder(::open(paths.layers().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return std::unexpected(os_error(errno, paths.layers().string()));
  return {};
}

Result<Descriptor> find_manifest(const Layout& layout, const std::string& tag) {
  FL_TRY(const std::string text, layout.index());
  FL_TRY(const ImageIndex index, parse_index(text));
  FL_TRY(Descriptor chosen, choose(index, tag, kArchitecture));
  if (chosen.type == MediaType::manifest) return chosen;
  FL_TRY(const std::string nested_text, layout.document(chosen));
  FL_TRY(const ImageIndex nested, parse_index(nested_text));
  FL_TRY(chosen, choose(nested, "", kArchitecture));
  if (chosen.type != MediaType::manifest)
    return fail(Code::unsupported, "image index", "nests more than once");
  return chosen;
}

Result<Image> prepare(const NodePaths& paths, const ImageReference& reference) {
  FL_TRY(const Layout layout, Layout::open(paths.images_dir, reference.layout));
  FL_TRY(const Descriptor found, find_manifest(layout, reference.tag));
  FL_TRY(const std::string manifest_text, layout.document(found));
  FL_TRY(const ImageManifest manifest, parse_manifest(manifest_text));
  FL_TRY(const std::string config_text, layout.document(manifest.config));
  FL_TRY(ImageConfig config, parse_config(config_text, kArchitecture));
  if (config.diff_ids.size() != manifest.layers.size())
    return fail(Code::invalid, "image manifest", "has another number of layers than its configuration");
  for (std::size_t i = 0; i < manifest.layers.size(); ++i)
    FL_TRY_OK(ensure_layer(paths, layout, manifest.layers[i], config.diff_ids[i]));
  return Image{found.digest, std::move(config)};
}

}  // namespace

Result<Image> prepare_image(const NodePaths& paths, std::string_view reference) {
  FL_TRY(const ImageReference parsed, parse_reference(reference));
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
