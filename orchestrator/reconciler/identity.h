// SPDX-License-Identifier: Apache-2.0
// Names and uids of what control makes: functions of the maker, the revision
// of the snapshot and a count, so that they are unique (revisions never
// repeat) and a decision made twice on the same facts gives the same objects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/revision.h"

namespace fairlead::reconciler {

struct Origin {
  std::string_view maker_uid;  // of the job
  Revision revision;           // of the snapshot
  std::uint64_t count = 0;
};

// "web-x7k2p": the job's name, cut so that the whole is a DNS label, and five
// characters without vowels. `attempt` gives another when the name is in use.
std::string pod_name(std::string_view job, const Origin& origin, std::uint64_t attempt);

std::string make_uid(std::string_view what, const Origin& origin);  // 32 hexadecimal digits

}  // namespace fairlead::reconciler
