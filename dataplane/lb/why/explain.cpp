// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/why/explain.h"

#include <array>
#include <bit>
#include <cstdio>

#include "base/ip.h"
#include "dataplane/fwd/edge/way/ready.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/row_values.h"

namespace fairlead::lb {
namespace {

struct VerdictWords {
  std::string_view name, meaning;
};
constexpr std::array kVerdicts = {
#define FL_WORDS(name, meaning) VerdictWords{#name, meaning},
    FWD_ACTIONS(FL_WORDS) FWD_DROPS(FL_WORDS)
#undef FL_WORDS
};

IpAddress address_of(const fwd_addr& address) {
  return {std::bit_cast<std::array<std::uint8_t, 16>>(address)};
}
std::string text_of(const fwd_addr& address) { return format(address_of(address)); }
std::uint16_t host16(__be16 port_be) { return model::to_be16(port_be); }
std::string mac_text(const __u8* from) {
  MacAddress mac;
  std::copy_n(from, 6, mac.bytes.begin());
  return format(mac);
}
std::string protocol_text(std::uint8_t protocol) {
  return protocol == 6 ? "tcp" : protocol == 17 ? "udp" : protocol == 0 ? "any" : std::to_string(protocol);
}

std::string seconds_of(std::uint32_t ticks) {
  return std::to_string((std::uint64_t{ticks} << FWD_TICK_SHIFT) / FWD_BEATS_PER_SECOND) + "s";
}

class Explanation {
 public:
  Explanation(const DryRun& run, std::uint64_t beat, const Naming& naming)
      : run_(run),
        e_(run.context),
        tick_(static_cast<std::uint32_t>(beat >> FWD_TICK_SHIFT)),
        naming_(naming) {}

  std::vector<Explained> run() {
    for (const Look& look : run_.looks) add(look);
    lines_.push_back(
        {"", std::string(verdict_name(run_.verdict)), std::string(verdict_meaning(run_.verdict))});
    if (run_.verdict == FWD_TO_BACKEND)
      lines_.push_back({"", "server " + std::to_string(run_.server) + " " + naming_.server(run_.server),
                        describe_frame(run_)});
    return std::move(lines_);
  }

 private:
  void say(const Look& look, std::string found, std::string why) {
    lines_.push_back(
        {std::string(look.table) + " " + std::to_string(look.index), std::move(found), std::move(why)});
  }

  void add(const Look& look) {
    if (look.table == "edge_config") return config(look);
    if (look.table == "edge_vips") return vips(look);
    if (look.table == "edge_ranges") return range(look);
    if (look.table == "edge_rings") return ring(look);
    if (look.table == "edge_servers") return server(look);
    if (look.table == "edge_limits") return limits(look);
    if (look.table == "edge_flows") return flows(look);
    if (look.table == "edge_datagrams") return datagrams(look);
    if (look.table == "edge_debts" || look.table == "edge_sources") return debt(look);
    say(look, "a row", "");
  }

  void config(const Look& look) {
    const auto row = config_ = model::row_from<fwd_edge_config>(look.found);
    if (row.vip_mask == 0) return say(look, "nothing", "this edge forwards for nobody");
    say(look, "room for " + std::to_string((std::uint64_t{row.flow_mask} + 1) * FWD_BUCKET_FLOWS) + " flows",
        parsed());
  }

  std::string parsed() const {
    const fwd_headers& p = e_.pkt;
    if (p.family == 0) return "the packet is no IP";
    std::string text =
        "the packet is " + protocol_text(p.proto) + " " + text_of(p.src) + " > " + text_of(p.dst);
    if (p.proto == 6 || p.proto == 17)
      text += " ports " + std::to_string(host16(p.sport_be)) + " > " + std::to_string(host16(p.dport_be));
    return text + (e_.is_error ? ", as an ICMP error names it" : "");
  }

  // The keys of services that this pair may have (fwd_vip_find).
  std::string vips_wanted(std::uint32_t pair) const {
    const fwd_headers& p = e_.pkt;
    std::string wanted;
    const auto add = [&](__be16 port_be, __u8 proto, const std::string& text) {
      const std::uint64_t hash = fwd_vip_hash(config_.seed, &p.dst, port_be, proto);
      if (pair != (hash & config_.vip_mask) && pair != (hash >> 32 & config_.vip_mask)) return;
      wanted += (wanted.empty() ? "" : " or ") + text_of(p.dst) + text;
    };
    const std::string proto = " " + protocol_text(p.proto);
    if (p.dport_be != 0) add(p.dport_be, p.proto, proto + "/" + std::to_string(host16(p.dport_be)));
    add(0, p.proto, proto + "/any or ranges");
    add(0, 0, " of any service");
    return wanted;
  }

  void vips(const Look& look) {
    const auto pair = model::row_from<fwd_edge_vips>(look.found);
    std::string found, why = "not it: looked for " + vips_wanted(look.index);
    for (const fwd_edge_vip& row : pair.row) {
      if (row.ring.offset == 0) continue;
      if (!found.empty()) found += ", ";
      found += text_of(row.addr) + " " + protocol_text(row.proto) + "/" + std::to_string(host16(row.port_be));
      if (!fwd_addr_equal(&row.addr, &e_.pkt.dst)) continue;
      if (row.flags & FWD_VIP_ADDRESS)
        why = "an address of ours";
      else if (row.flags & FWD_VIP_RANGES)
        why = "has " + std::to_string(row.ring.size) + " ranges of ports";
      else
        why = "service " + naming_.service(row.service) + flags_text(row.flags);
    }
    say(look, found.empty() ? "nothing" : found, why);
  }

  static std::string flags_text(std::uint32_t flags) {
    std::string text;
    if (flags & FWD_VIP_SOURCE) text += ", a client has one server";
    if (flags & FWD_VIP_ADDRESSES) text += ", two addresses have one server";
    if (flags & FWD_VIP_ALL_FLOWS) text += ", every flow is remembered";
    if (flags & FWD_VIP_LIMITED) text += ", new flows are limited";
    return text;
  }

  void range(const Look& look) {
    const auto row = model::row_from<fwd_edge_range>(look.found);
    const std::uint16_t port = host16(e_.pkt.dport_be);
    const bool has = port >= row.first && port <= row.last;
    say(look, std::to_string(row.first) + "-" + std::to_string(row.last),
        has ? "service " + naming_.service(row.service) + flags_text(row.flags) : "not it");
  }

  void ring(const Look& look) {
    if (e_.ring.size == 0) return say(look, "no slots", "nobody has ever taken connections of this service");
    const std::string slot = "slot " + std::to_string(e_.at) + " of " + std::to_string(e_.ring.size) + ": ";
    const std::string now = e_.slot.now == 0 ? "nobody" : naming_.server(e_.slot.now);
    const std::string before = e_.slot.before == 0                      ? ""
                               : e_.slot.before == FWD_EDGE_SERVERS - 1 ? "somebody who is gone"
                                                                        : naming_.server(e_.slot.before);
    say(look, slot + now + (before.empty() ? "" : ", before " + before),
        before.empty() ? "has not changed hands: needs no memory"
                       : "has changed hands: what began before stays with whom it had");
  }

  void server(const Look& look) {
    const auto row = model::row_from<fwd_edge_server>(look.found);
    if (row.flags == 0) return say(look, "nothing", "the server is gone");
    static constexpr std::string_view kWays[] = {"?", "vxlan", "l2", "ipip", "gue", "nat"};
    std::string found = text_of(row.to) + " by " +
                        std::string(kWays[row.delivery < std::size(kWays) ? row.delivery : 0]) + " via " +
                        mac_text(fwd_next_hop(&row));
    if (row.mtu != 0) found += ", packets to " + std::to_string(row.mtu) + " bytes";
    if (is_second(row))
      return say(look, found, "may have it: what the node of the other does not know is handed on");
    say(look, found,
        row.flags & FWD_SERVER_NO_NEW ? "keeps its connections, takes nothing new" : "takes new connections");
  }

  // Does the inner frame come from its MAC (fwd/edge/way/second.h)?
  bool is_second(const fwd_edge_server& row) const {
    const std::size_t source = (address_of(row.to).is_v4() ? FWD_OUTER_IPV4 : FWD_OUTER_IPV6) + 6;
    return run_.verdict == FWD_TO_BACKEND && row.delivery == FWD_DELIVER_VXLAN &&
           run_.packet.size() >= source + 6 &&
           std::equal(fwd_inner_mac(&row), fwd_inner_mac(&row) + 6,
                      run_.packet.begin() + static_cast<std::ptrdiff_t>(source));
  }

  void limits(const Look& look) {
    say(look,
        model::row_from<fwd_edge_limit>(look.found).cost != 0 ? "limits of the service" : "limits of sources",
        "this packet is of no known flow: its service and its source are asked");
  }

  void debt(const Look& look) {
    const bool refused = run_.verdict == (look.table == "edge_debts" ? FWD_SERVICE_LIMIT : FWD_SOURCE_LIMIT);
    say(look, look.table == "edge_debts" ? "what the service owes" : "what sources owe",
        refused ? "too much" : "not too much");
  }

  std::string word_text(std::uint64_t word) const {
    static constexpr std::string_view kStates[] = {"one packet seen", "established", "datagrams", "ending"};
    return "its word: " + naming_.server(fwd_word_server(word)) + ", " +
           std::string(kStates[fwd_word_state(word)]) + ", idle " + seconds_of(fwd_word_age(word, tick_));
  }

  std::string flow_text() const {
    const fwd_headers& p = e_.pkt;
    const auto end = [](const fwd_addr& address, __be16 port_be) {
      const std::string text = text_of(address);
      return (text.contains(':') ? "[" + text + "]" : text) + ":" + std::to_string(host16(port_be));
    };
    return protocol_text(p.proto) + " " + end(p.src, p.sport_be) + " > " + end(p.dst, p.dport_be);
  }

  void flows(const Look& look) {
    const auto bucket = model::row_from<fwd_edge_bucket>(look.found);
    for (const std::uint64_t word : bucket.flow)
      if (fwd_word_tag(word) == fwd_edge_tag(e_.hash))
        return say(look, word_text(word),
                   fwd_word_server(word) == run_.server ? "the flow is remembered" : "it chooses anew");
    const auto taken =
        std::ranges::count_if(bucket.flow, [](std::uint64_t word) { return fwd_word_server(word) != 0; });
    char tag[16];
    std::snprintf(tag, sizeof tag, "%08x", fwd_edge_tag(e_.hash));
    say(look, std::to_string(taken) + " flows", "not remembered: looked for " + flow_text() + ", tag " + tag);
  }

  void datagrams(const Look& look) {
    const std::string which =
        text_of(e_.pkt.src) + " > " + text_of(e_.pkt.dst) + " id " + std::to_string(e_.pkt.id);
    say(look, "datagrams in pieces",
        run_.verdict == FWD_FRAG_BEFORE_FIRST ? "its first fragment was not seen: looked for " + which
                                              : "the pieces follow the first");
  }

  const DryRun& run_;
  const fwd_edge& e_;
  std::uint32_t tick_;
  const Naming& naming_;
  fwd_edge_config config_{};  // what the packet met
  std::vector<Explained> lines_;
};

std::uint16_t word_at(const Bytes& bytes, std::size_t at) {
  return at + 2 > bytes.size() ? 0 : static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::string ip_at(const Bytes& bytes, std::size_t at, std::size_t size) {
  if (at + size > bytes.size()) return "?";
  IpAddress address;
  if (size == 4) address = IpAddress::v4(0);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size,
              address.bytes.begin() + 16 - static_cast<std::ptrdiff_t>(size));
  return format(address);
}

}  // namespace

std::string_view verdict_name(std::uint32_t verdict) {
  return verdict < kVerdicts.size() ? kVerdicts[verdict].name : "?";
}
std::string_view verdict_meaning(std::uint32_t verdict) {
  return verdict < kVerdicts.size() ? kVerdicts[verdict].meaning : "?";
}

std::string describe_frame(const DryRun& run) {
  const Bytes& frame = run.packet;
  if (frame.size() < 34) return "";
  std::string text = "to " + mac_text(frame.data()) + " from " + mac_text(frame.data() + 6);
  const std::uint16_t type = word_at(frame, 12);
  const bool four = type == 0x0800;
  if (!four && type != 0x86dd) return text;
  const std::uint8_t protocol = frame[four ? 23 : 20];
  const std::size_t behind = four ? 34 : 54;
  const std::string ends = four ? ip_at(frame, 26, 4) + " > " + ip_at(frame, 30, 4)
                                : ip_at(frame, 22, 16) + " > " + ip_at(frame, 38, 16);
  if (protocol == 4 || protocol == 41) return text + ", in IP " + ends;
  if (protocol == 17 && run.context.pkt.end != 0 && frame.size() > run.context.pkt.end + 20)
    return text + ", in IP " + ends + " UDP to " + std::to_string(word_at(frame, behind + 2));
  return text + ", as it is: " + ends;
}

std::vector<Explained> explain(const DryRun& run, std::uint64_t beat, const Naming& naming) {
  return Explanation(run, beat, naming).run();
}

}  // namespace fairlead::lb
