// SPDX-License-Identifier: Apache-2.0
#include "ipam/lease.h"

#include <array>
#include <charconv>
#include <vector>

namespace fairlead::ipam {
namespace {

constexpr std::array<std::string_view, 5> kPurposes{"pod", "vip", "host", "dns", "gateway"};
constexpr std::array<std::string_view, 3> kStates{"held", "resting", "free"};
constexpr std::size_t kFields = 6;
constexpr std::size_t kMaxText = 256;

Error corrupt(std::string_view text, std::string reason) {
  return {Code::corrupt, "lease \"" + std::string(text.substr(0, kMaxText)) + "\"", std::move(reason),
          "restore the store from a snapshot"};
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() <= kFields) {
    const std::size_t space = text.find(' ');
    words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return words;
}

template <class Enum, std::size_t N>
bool read_word(std::string_view word, const std::array<std::string_view, N>& words, Enum& into) {
  for (std::size_t i = 0; i < N; ++i)
    if (words[i] == word) {
      into = static_cast<Enum>(i);
      return true;
    }
  return false;
}

template <class Number>
bool read_number(std::string_view word, Number& into) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), into);
  return error == std::errc{} && end == word.data() + word.size();
}

Change moved(const Record& record, LeaseState state) {
  Change change{record.lease, record.revision};
  change.lease.state = state;
  return change;
}

}  // namespace

Change rest(const Record& held) { return moved(held, LeaseState::resting); }

Change set_free(const Record& resting) { return moved(resting, LeaseState::free); }

std::string_view to_string(Purpose purpose) { return kPurposes[static_cast<std::size_t>(purpose)]; }

std::string_view to_string(LeaseState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string encode_lease(const Lease& lease) {
  std::string text(to_string(lease.state));
  text.append(" ").append(to_string(lease.purpose));
  text.append(" ").append(std::to_string(lease.epoch)).append(" ").append(std::to_string(lease.turn));
  return text.append(" ").append(lease.owner).append(" ").append(format(lease.address));
}

Result<Lease> decode_lease(std::string_view text) {
  const auto words = split(text);
  if (text.size() > kMaxText || words.size() != kFields)
    return std::unexpected(corrupt(text, "is not six words"));
  Lease lease;
  if (!read_word(words[0], kStates, lease.state)) return std::unexpected(corrupt(text, "has no known state"));
  if (!read_word(words[1], kPurposes, lease.purpose))
    return std::unexpected(corrupt(text, "has no known purpose"));
  if (!read_number(words[2], lease.epoch) || !read_number(words[3], lease.turn))
    return std::unexpected(corrupt(text, "has an epoch or a turn that is no number"));
  lease.owner = words[4];
  auto address = IpAddress::parse(words[5]);
  if (!address) return std::unexpected(corrupt(text, "has no address"));
  lease.address = *address;
  return lease;
}

}  // namespace fairlead::ipam
