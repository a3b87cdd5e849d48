// SPDX-License-Identifier: Apache-2.0
// Lease: who has an address, as a value and as the text the store keeps.
//
//     (no record) --take--> held --rest--> resting --free--> free --take--> held
//
// A record is never deleted: `free` remembers the epoch, so that the next
// owner's is higher, and the turn, so that the least recently given address
// comes next. An address that was never given has no record. A record's store
// revision is when its state began: a resting address may be freed when every
// ready node has acknowledged that revision (facts: cause e, reuse before
// everyone forgot the old mapping).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"
#include "base/revision.h"

namespace fairlead::ipam {

enum class Purpose : std::uint8_t { pod, vip, host, dns, gateway };
enum class LeaseState : std::uint8_t { held, resting, free };

struct Lease {
  IpAddress address;
  LeaseState state = LeaseState::free;
  Purpose purpose = Purpose::pod;
  std::string owner;        // uid of the pod, service or node; the last one while not held
  std::uint32_t epoch = 0;  // rises with every owner of this address; the first owner has 1 or more
  std::uint64_t turn = 0;   // rises with every take in the block: the highest was given last
  bool operator==(const Lease&) const = default;
};

// What the store holds: the lease and the revision of its last write.
struct Record {
  Lease lease;
  Revision revision;
  bool operator==(const Record&) const = default;
};

// A write to one lease: put `lease` if the record still has revision
// `expected`; 0 means that there is no record yet.
struct Change {
  Lease lease;
  Revision expected;
  bool operator==(const Change&) const = default;
};

Change rest(const Record& held);         // the owner is gone; nobody gets the address yet
Change set_free(const Record& resting);  // every ready node has forgotten the old owner

std::string_view to_string(Purpose purpose);
std::string_view to_string(LeaseState state);

// One line: "held pod 3 17 7f3a... 10.244.0.11" (state purpose epoch turn owner address).
std::string encode_lease(const Lease& lease);
Result<Lease> decode_lease(std::string_view text);

}  // namespace fairlead::ipam
