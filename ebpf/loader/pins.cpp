// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/pins.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <string>
#include <system_error>

#include "base/io/fd.h"

namespace fairlead::ebpf {
namespace {

namespace fs = std::filesystem;

// The kernel adds a flag of its own to device maps, over which libbpf 1.1 takes the pinned one for another.
Result<> take_flags(bpf_map* map) {
  const bool of_devices = bpf_map__type(map) == BPF_MAP_TYPE_DEVMAP_HASH;
  const Fd pinned(of_devices ? bpf_obj_get(bpf_map__pin_path(map)) : -1);
  if (!pinned || bpf_map__reuse_fd(map, pinned.get()) == 0) return {};
  return std::unexpected(os_error(errno, std::string("table ") + bpf_map__name(map), "while adopting it"));
}

}  // namespace

Result<> make_pin_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Code::io, folder.string(), error.message(), "mount it: mount -t bpf bpf /sys/fs/bpf");
  return {};
}

Result<> pin_maps(bpf_object* object, const PinsOf& pins_of) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (bpf_map__is_internal(map)) continue;
    const fs::path pins = pins_of(bpf_map__name(map));
    if (pins.empty()) continue;
    bpf_map__set_pin_path(map, (pins / bpf_map__name(map)).c_str());
    FL_TRY_OK(take_flags(map));
  }
  return {};
}

std::optional<std::uint32_t> pinned_capacity(const fs::path& pin) {
  const Fd map(bpf_obj_get(pin.c_str()));
  bpf_map_info info{};
  std::uint32_t length = sizeof info;
  if (!map || bpf_obj_get_info_by_fd(map.get(), &info, &length) != 0) return std::nullopt;
  return info.max_entries;
}

Result<> detach_pin(const fs::path& pin) {
  // The kernel lets go of an unlinked pin some time later; the program is to stop now.
  if (const Fd link(bpf_obj_get(pin.c_str())); link && bpf_link_detach(link.get()) != 0 && errno != ENOLINK)
    return std::unexpected(os_error(errno, pin.string(), "while detaching its program"));
  std::error_code error;
  fs::remove(pin, error);
  if (error) return fail(Code::io, pin.string(), error.message());
  return {};
}

Result<> remove_pins(const fs::path& pins) {
  std::error_code error;
  fs::remove_all(pins, error);
  if (error) return fail(Code::io, pins.string(), error.message());
  for (fs::path folder = pins.parent_path(); folder.filename() != "bpf" && folder.has_relative_path();
       folder = folder.parent_path())
    if (!fs::remove(folder, error)) break;  // not empty: another node's
  return {};
}

}  // namespace fairlead::ebpf
