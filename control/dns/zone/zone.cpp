// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/zone.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "control/dns/zone/render.h"
#include "dataplane/model/names/name_table.h"

namespace fairlead::dns {
namespace {

constexpr int kTries = 16;  // names that clash under one seed do not under another

fwd_addr row_of(const IpAddress& address) { return std::bit_cast<fwd_addr>(address.bytes); }

}  // namespace

Result<Zone> Zone::build(Content content, const ZoneOptions& options) {
  if (content.zones().size() > FWD_DNS_ZONES)
    return fail(Code::exhausted, "names", "are of " + std::to_string(content.zones().size()) + " zones",
                "use at most " + std::to_string(FWD_DNS_ZONES));
  Zone zone(std::move(content));
  std::vector<std::string> entries;
  entries.reserve(zone.names());
  for (const auto& [name, owner] : zone.content_.owners())
    entries.push_back(model::encode(render(options.net, name, owner, zone.content_)).value());
  std::size_t buckets = std::bit_ceil(entries.size() / 4 + 1);
  std::uint64_t seed = options.seed;
  for (int i = 0; !zone.place(entries, buckets, seed); ++i) {
    FL_CHECK(i < kTries, buckets, entries.size());
    seed = fwd_mix(seed, 1);
    if (i % 4 == 3) buckets *= 2;
  }
  zone.look(options);
  return zone;
}

bool Zone::place(const std::vector<std::string>& entries, std::size_t buckets, std::uint64_t seed) {
  std::size_t cells = 1;
  for (const std::string& entry : entries) cells += entry.size() / FWD_DNS_CELL;
  constexpr std::size_t kOfASlab =
      FWD_DNS_SLAB_CELLS - FWD_DNS_ENTRY / FWD_DNS_CELL;  // the last entry may not fit
  buckets_.assign(buckets, {});
  slabs_.resize(cells / kOfASlab + 1);
  model::NameTable table(buckets_, slabs_, seed);
  for (const std::string& entry : entries)
    if (!table.put(entry)) return false;
  table_ = {buckets_, slabs_, seed};
  return true;
}

void Zone::look(const ZoneOptions& options) {
  view_.dns4 = row_of(options.dns4);
  view_.dns6 = row_of(options.dns6);
  view_.net = options.net;
  view_.flags = FWD_DNS_COMPLETE | (options.recurses ? FWD_DNS_RECURSES : 0);
  const model::NameTable table(buckets_, slabs_, table_.seed);
  std::size_t i = 0;
  for (const ZoneCut& cut : content_.zones()) {
    fwd_dns_zone& zone = view_.zones[i++];
    zone.name_length = static_cast<std::uint16_t>(cut.apex.size());
    zone.cell = table.cell_of(options.net, cut.apex);
    zone.flags = cut.elsewhere ? FWD_DNS_ELSEWHERE : 0;
  }
}

model::NetworkNames Zone::network_names() const {
  model::NetworkNames all;
  all.view = view_;
  for (const ZoneCut& cut : content_.zones())
    all.apexes.push_back({cut.apex, cut.elsewhere ? std::uint16_t{FWD_DNS_ELSEWHERE} : std::uint16_t{0}});
  all.entries.reserve(names());
  for (const fwd_dns_bucket& bucket : buckets_)
    for (const std::uint64_t slot : bucket.slots)
      if (slot != 0) {
        const fwd_dns_entry* entry = fwd_dns_entry_of(&table_, static_cast<std::uint32_t>(slot));
        all.entries.emplace_back(reinterpret_cast<const char*>(entry), entry->octets);
      }
  return all;
}

Result<Zone> Zone::compile(const Snapshot& snapshot, const SchemaOptions& schema, bool recurses) {
  FL_TRY(Content content, content_of(snapshot, schema));
  ZoneOptions options;
  options.recurses = recurses;
  options.seed = snapshot.cluster_seed;
  if (const auto network = network_of(snapshot, schema.network)) {
    options.net = network->index;
    options.dns4 = dns4(*network);
    options.dns6 = dns6(*network);
  }
  return build(std::move(content), options);
}

}  // namespace fairlead::dns
