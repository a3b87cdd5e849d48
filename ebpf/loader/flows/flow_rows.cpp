// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/flows/flow_rows.h"

#include <bpf/bpf.h>
#include <cerrno>

namespace fairlead::ebpf {

Result<> each_flow(int map, const std::function<Result<>(FlowRow)>& visit) {
  constexpr std::uint32_t kBatch = 4096;
  bpf_map_info info{};
  std::uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(map, &info, &length) != 0)
    return std::unexpected(os_error(errno, "table flows"));
  std::string keys(std::size_t{kBatch} * info.key_size, '\0');
  std::string values(std::size_t{kBatch} * info.value_size, '\0');
  std::uint32_t cursor = 0;
  for (bool first = true;; first = false) {
    std::uint32_t count = kBatch;
    const int failed = bpf_map_lookup_batch(map, first ? nullptr : &cursor, &cursor, keys.data(),
                                            values.data(), &count, nullptr);
    if (failed != 0 && errno != ENOENT) return std::unexpected(os_error(errno, "table flows"));
    for (std::size_t i = 0; i < count; ++i)
      FL_TRY_OK(visit({keys.substr(i * info.key_size, info.key_size),
                       values.substr(i * info.value_size, info.value_size)}));
    if (failed != 0) return {};
  }
}

}  // namespace fairlead::ebpf
