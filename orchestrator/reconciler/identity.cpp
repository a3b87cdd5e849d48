// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/reconciler/identity.h"

#include <array>
#include <cstdio>

#include "base/hash.h"

namespace fairlead::reconciler {
namespace {

constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t kSuffix = 5;
constexpr std::size_t kMaxJobPart = 63 - kSuffix - 1;

std::uint64_t hash(std::uint64_t seed, std::string_view what, const Origin& origin) {
  return StableHash(seed)
      .add(what)
      .add(origin.maker_uid)
      .add(origin.revision.value)
      .add(origin.count)
      .value();
}

}  // namespace

std::string pod_name(std::string_view job, const Origin& origin, std::uint64_t attempt) {
  std::string name(job.substr(0, kMaxJobPart));
  name += '-';
  std::uint64_t rest = hash(attempt, "name", origin);
  for (std::size_t i = 0; i < kSuffix; ++i) {
    name += kLetters[rest % kLetters.size()];
    rest /= kLetters.size();
  }
  return name;
}

std::string make_uid(std::string_view what, const Origin& origin) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash(1, what, origin)),
                static_cast<unsigned long long>(hash(2, what, origin)));
  return text.data();
}

}  // namespace fairlead::reconciler
