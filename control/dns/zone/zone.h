// SPDX-License-Identifier: Apache-2.0
// Zone: what one network's pods can ask for, at one revision, ready to be sent:
// every plain answer is rendered once, as the octets that the tc program at a
// pod's veth sends too (dataplane/fwd/dns). Immutable, so that any number of
// threads may ask without a lock.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "control/dns/zone/schema.h"
#include "dataplane/model/names/name_memory.h"
#include "dataplane/model/names/name_publisher.h"

namespace fairlead::dns {

struct ZoneOptions {
  std::uint32_t net = 1;  // the network's index
  IpAddress dns4, dns6;   // where its pods ask
  bool recurses = false;  // what is not ours is asked elsewhere (RA)
  std::uint64_t seed = 0;
};

class Zone {
 public:
  Zone(Zone&&) = default;  // the table's memory stays where it is
  Zone& operator=(Zone&&) = default;
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  // Fails when there are more than FWD_DNS_ZONES zones.
  static Result<Zone> build(Content content, const ZoneOptions& options = {});
  // Of a cluster's network, with the addresses and the index that it has in the snapshot.
  static Result<Zone> compile(const Snapshot& snapshot, const SchemaOptions& schema = {},
                              bool recurses = false);

  const fwd_dns_names& table() const { return table_; }
  const fwd_dns_view& view() const { return view_; }
  const Content& content() const { return content_; }
  Revision revision() const { return content_.revision; }
  std::size_t names() const { return content_.owners().size(); }
  // As a NamePublisher takes them; views into this zone.
  model::NetworkNames network_names() const;

 private:
  explicit Zone(Content content) : content_(std::move(content)) {}
  bool place(const std::vector<std::string>& entries, std::size_t buckets, std::uint64_t seed);
  void look(const ZoneOptions& options);

  Content content_;
  std::vector<fwd_dns_bucket> buckets_;
  std::vector<fwd_dns_slab> slabs_;
  fwd_dns_names table_;
  fwd_dns_view view_{};
};

}  // namespace fairlead::dns
