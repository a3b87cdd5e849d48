// SPDX-License-Identifier: Apache-2.0
// Pins below a folder of the bpf file system, by which tables and links outlive
// the process that made them.
#pragma once

#include <bpf/libbpf.h>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace fairlead::ebpf {

// The folder of a map's pin; empty: it has none.
using PinsOf = std::function<std::filesystem::path(std::string_view map)>;
// Before an object is loaded: each of its maps (but the program's own data) adopts what is pinned there under
// its name, or will be pinned there. The folders exist.
Result<> pin_maps(bpf_object* object, const PinsOf& pins_of);
Result<> make_pin_folder(const std::filesystem::path& folder);

// How many rows the map that is pinned there has room for; none: there is none.
std::optional<std::uint32_t> pinned_capacity(const std::filesystem::path& pin);

// Ends the program of the link pinned there, and the pin. Success when there is none.
Result<> detach_pin(const std::filesystem::path& pin);

// Removes every pin below the folder: links, and with them the programs and tables.
Result<> remove_pins(const std::filesystem::path& pins);

}  // namespace fairlead::ebpf
