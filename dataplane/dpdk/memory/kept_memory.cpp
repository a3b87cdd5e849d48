// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/memory/kept_memory.h"

namespace fairlead::dpdk {
namespace {

namespace fs = std::filesystem;

fs::path state_file(fs::path file) { return file += "-state"; }

// Those that outlive the tables, or the others.
PiecesOf pieces(bool outlive) {
  return [outlive](std::size_t buckets) {
    Pieces found;
    (void)model::place_edge_memory(buckets, [&](std::string_view name, std::size_t bytes) -> Result<void*> {
      if (model::outlives_tables(name) == outlive) found.push_back({name, bytes});
      return nullptr;
    });
    return found;
  };
}

}  // namespace

Result<KeptMemory> KeptMemory::open(const fs::path& file, std::size_t buckets) {
  KeptMemory made;
  FL_TRY(made.tables_, KeptFile::open(file, FWD_ABI_VERSION, 1, pieces(false)));
  FL_TRY(made.state_, KeptFile::open(state_file(file), FWD_EDGE_STATE_VERSION, buckets, pieces(true)));
  made.fresh_ = !made.tables_->adopted() && !made.tables_->foreign();
  FL_TRY(made.memory_, model::place_edge_memory(
                           made.state_->buckets(), [&](const char* name, std::size_t) -> Result<void*> {
                             return (model::outlives_tables(name) ? made.state_ : made.tables_)->at(name);
                           }));
  return made;
}

Result<> remove_kept_memory(const fs::path& file) {
  FL_TRY_OK(KeptFile::remove(file));
  return KeptFile::remove(state_file(file));
}

}  // namespace fairlead::dpdk
