// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/reference.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "dataplane/fwd/context.h"
#include "dataplane/fwd/dns/stage.h"
#include "dataplane/fwd/machine.h"
#include "dataplane/model/machine/repeat.h"
#include "dataplane/model/names/name_memory.h"

namespace fairlead::test {

struct ReferenceHooks {
  static Flows& flows(Reference& r) { return r.flows_; }
  static std::map<std::string, fwd_fragment>& fragments(Reference& r) { return r.fragments_; }
  static std::map<std::uint32_t, fwd_path>& paths(Reference& r) { return r.paths_; }
  static std::vector<Marked>& again(Reference& r) { return r.again_; }
  static std::uint32_t take_mark(Reference& r) { return std::exchange(r.mark_, 0); }
  static std::uint32_t segment(const Reference& r) { return r.segment_; }
  static std::uint32_t now(const Reference& r) { return r.now_; }
  static bool full(const Reference& r) { return r.flows_.size() >= r.flow_capacity_; }
};

}  // namespace fairlead::test

struct fwd_machine {
  fairlead::test::Reference& tables;
  fairlead::test::Bytes& packet;
};

namespace {

using fairlead::model::bytes_of;
using fairlead::model::TableId;
using fairlead::test::ReferenceHooks;

// ~m + from' ... of RFC 1624, equation 3, on 32-bit words.
std::uint16_t fixed_sum(std::uint16_t sum, std::uint32_t from, std::uint32_t to) {
  std::uint64_t total = static_cast<std::uint16_t>(~sum);
  total += static_cast<std::uint32_t>(~from);
  total += to;
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return static_cast<std::uint16_t>(~total);
}

bool outside(const fwd_machine* m, std::uint32_t offset, std::size_t length) {
  return offset + length > m->packet.size();
}

std::uint16_t* sum_at(fwd_machine* m, std::uint32_t offset) {
  return reinterpret_cast<std::uint16_t*>(m->packet.data() + offset);
}

}  // namespace

#define FIND(name, engine, key_type, value_type, capacity)                            \
  FWD_INLINE const value_type* fwd_find_##name(fwd_machine* m, const key_type* key) { \
    return static_cast<const value_type*>(m->tables.find(TableId::name, key));        \
  }
FWD_TABLES(FIND)
#undef FIND

FWD_INLINE std::uint32_t fwd_packet_length(fwd_machine* m) {
  return static_cast<std::uint32_t>(m->packet.size());
}
FWD_INLINE std::uint32_t fwd_whole_length(fwd_machine*, std::uint32_t length) { return length; }

FWD_INLINE int fwd_load(fwd_machine* m, std::uint32_t offset, void* to, std::uint32_t length) {
  if (outside(m, offset, length)) return 1;
  std::memcpy(to, m->packet.data() + offset, length);
  return 0;
}

FWD_INLINE int fwd_store(fwd_machine* m, std::uint32_t offset, const void* from, std::uint32_t length) {
  if (outside(m, offset, length)) return 1;
  std::memcpy(m->packet.data() + offset, from, length);
  return 0;
}

FWD_INLINE int fwd_replace(fwd_machine* m, std::uint32_t offset, const void* from, std::uint32_t length) {
  return fwd_store(m, offset, from, length);
}

FWD_INLINE int fwd_sum_l4(fwd_machine* m, std::uint32_t offset, std::uint32_t from, std::uint32_t to,
                          std::uint32_t flags) {
  if (outside(m, offset, 2)) return 1;
  std::uint16_t* sum = sum_at(m, offset);
  if (flags & FWD_SUM_UDP && *sum == 0) return 0;
  *sum = fixed_sum(*sum, from, to);
  if (flags & FWD_SUM_UDP && *sum == 0) *sum = 0xffff;
  return 0;
}

FWD_INLINE int fwd_push(fwd_machine* m, std::uint32_t length, std::uint8_t, std::uint8_t) {
  m->packet.insert(m->packet.begin() + 14, length, 0);
  return 0;
}

FWD_INLINE int fwd_pop(fwd_machine* m, std::uint32_t length, std::uint8_t) {
  if (outside(m, 14, length)) return 1;
  m->packet.erase(m->packet.begin() + 14, m->packet.begin() + 14 + length);
  return 0;
}

FWD_INLINE fwd_flow* fwd_flow_find(fwd_machine* m, const fwd_flow_key* key) {
  auto& flows = ReferenceHooks::flows(m->tables);
  const auto found = flows.find(bytes_of(*key));
  return found == flows.end() ? nullptr : &found->second;
}

FWD_INLINE int fwd_flow_insert(fwd_machine* m, const fwd_flow_key* key, const fwd_flow* flow) {
  if (fwd_flow_find(m, key)) return FWD_EXISTS;
  if (ReferenceHooks::full(m->tables)) return FWD_FULL;
  ReferenceHooks::flows(m->tables).emplace(bytes_of(*key), *flow);
  return 0;
}

FWD_INLINE void fwd_flow_erase(fwd_machine* m, const fwd_flow_key* key) {
  ReferenceHooks::flows(m->tables).erase(bytes_of(*key));
}

FWD_INLINE const fwd_fragment* fwd_fragment_find(fwd_machine* m, const fwd_fragment_key* key) {
  auto& fragments = ReferenceHooks::fragments(m->tables);
  const auto found = fragments.find(bytes_of(*key));
  return found == fragments.end() ? nullptr : &found->second;
}

FWD_INLINE int fwd_fragment_put(fwd_machine* m, const fwd_fragment_key* key, const fwd_fragment* fragment) {
  ReferenceHooks::fragments(m->tables).insert_or_assign(bytes_of(*key), *fragment);
  return 0;
}

FWD_INLINE fwd_path* fwd_path_of(fwd_machine* m, std::uint32_t number) {
  return number < FWD_PATH_CAPACITY ? &ReferenceHooks::paths(m->tables)[number] : nullptr;
}

// No names: what a kernel answers is held against the name server's own answers (tests/packet/names).
FWD_INLINE const fwd_dns_names* fwd_dns_names_of(fwd_machine*) { return nullptr; }
FWD_INLINE const fwd_dns_view* fwd_dns_view_of(fwd_machine*, __u32) { return nullptr; }
FWD_INLINE fwd_dns_scratch* fwd_dns_scratch_of(fwd_machine*) { return nullptr; }
FWD_INLINE void fwd_dns_tally(fwd_machine*, __u32) {}
FWD_INLINE __u64 fwd_random(fwd_machine*) { return 0; }
FWD_INLINE int fwd_load_some(fwd_machine* m, __u32 offset, void* to, __u32 length) {
  return fwd_load(m, offset, to, length);
}
FWD_INLINE int fwd_store_some(fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  return fwd_store(m, offset, from, length);
}

FWD_INLINE std::uint32_t fwd_segment_size(fwd_machine* m) { return ReferenceHooks::segment(m->tables); }

FWD_INLINE int fwd_trim(fwd_machine* m, std::uint32_t length) {
  m->packet.resize(length);
  return 0;
}

FWD_INLINE int fwd_open(fwd_machine* m, std::uint32_t length) {
  m->packet.insert(m->packet.begin() + 14, length, 0);
  return 0;
}

FWD_INLINE int fwd_room(fwd_machine* m, int length) {
  const auto behind = m->packet.begin() + 14 + 40;
  if (length >= 0)
    m->packet.insert(behind, static_cast<std::size_t>(length), 0);
  else
    m->packet.erase(behind, behind - length);
  return 0;
}

FWD_INLINE int fwd_again(fwd_machine* m, std::uint32_t, std::uint32_t mark) {
  ReferenceHooks::again(m->tables).push_back({m->packet, mark});
  return 0;
}

FWD_INLINE std::uint32_t fwd_take_mark(fwd_machine* m) { return ReferenceHooks::take_mark(m->tables); }

FWD_INLINE int fwd_neighbour(fwd_machine*, std::uint32_t, const fwd_addr*, std::uint8_t*) { return 1; }

FWD_INLINE std::uint32_t fwd_now(fwd_machine* m) { return ReferenceHooks::now(m->tables); }

#include "dataplane/fwd/pipeline.h"

namespace fairlead::test {
namespace {

// Rows that an array map answers for indexes nobody wrote.
constexpr std::array<std::uint64_t, 64> kZeroRow{};

unsigned matching_bits(const fwd_route_key& a, const fwd_route_key& b) {
  const std::string left = bytes_of(a).substr(4);
  const std::string right = bytes_of(b).substr(4);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto differ = static_cast<std::uint8_t>(left[i] ^ right[i]);
    if (differ) return static_cast<unsigned>(i * 8) + static_cast<unsigned>(std::countl_zero(differ));
  }
  return static_cast<unsigned>(left.size() * 8);
}

// What an earlier packet may have left: no stage may take it for its own.
fwd_context poisoned() {
  fwd_context context;
  std::memset(&context, 0xa5, sizeof context);
  return context;
}

Outcome outcome_of(const fwd_context& context, Bytes packet) {
  Outcome outcome{context.verdict, context.out_ifindex, context.out_vtep, {}};
  if (leaves(context.verdict, context.out_ifindex)) outcome.packet = std::move(packet);
  return outcome;
}

}  // namespace

std::string verdict_name(std::uint32_t verdict) {
  static constexpr std::array<const char*, FWD_VERDICT_COUNT> kNames{
#define FL_NAME(name, meaning) #name,
      FWD_ACTIONS(FL_NAME) FWD_DROPS(FL_NAME)
#undef FL_NAME
  };
  return verdict < kNames.size() ? kNames[verdict] : "verdict " + std::to_string(verdict);
}

bool is_drop(std::uint32_t verdict) { return verdict >= FWD_FIRST_DROP; }

bool leaves(std::uint32_t verdict, std::uint32_t out_ifindex) {
  if (verdict == FWD_TOO_BIG) return out_ifindex != 0;  // the answer
  return !is_drop(verdict) && verdict != FWD_SPLIT;
}

const void* Reference::find_route(const fwd_route_key& key) const {
  const void* best = nullptr;
  std::uint32_t longest = 0;
  for (const auto& [bytes, value] : tables_[TableId::routes]) {
    const auto row = model::row_from<fwd_route_key>(bytes);
    if (row.prefixlen < longest || matching_bits(row, key) < row.prefixlen) continue;
    longest = row.prefixlen;
    best = value.data();
  }
  return best;
}

const void* Reference::find(TableId table, const void* key) {
  const model::TableInfo& about = model::info(table);
  if (about.engine == model::Engine::LPM) return find_route(*static_cast<const fwd_route_key*>(key));
  const std::string bytes(static_cast<const char*>(key), about.key_bytes);
  const auto found = tables_[table].find(bytes);
  if (found) return found->data();
  if (about.engine != model::Engine::ARRAY) return nullptr;
  return model::row_from<std::uint32_t>(bytes) < about.capacity ? kZeroRow.data() : nullptr;
}

Outcome Reference::from_pod(Bytes packet, std::uint32_t ifindex, Frame frame) {
  again_.clear();
  mark_ = frame.mark;
  segment_ = frame.segment;
  fwd_context context = poisoned();
  fwd_machine machine{*this, packet};
  fwd_from_pod(&machine, &context, ifindex);
  return outcome_of(context, std::move(packet));
}

Outcome Reference::from_wire(Bytes packet) {
  mark_ = segment_ = 0;
  fwd_context context = poisoned();
  fwd_machine machine{*this, packet};
  fwd_from_wire(&machine, &context);
  return outcome_of(context, std::move(packet));
}

}  // namespace fairlead::test
