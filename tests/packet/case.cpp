// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/case.h"

#include <sstream>
#include <stdexcept>

#include "base/io/file.h"
#include "base/ip.h"
#include "dataplane/fwd/context.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/packet_text.h"
#include "tests/support/must.h"

namespace fairlead::test {
namespace {

struct FlagName {
  const char* name;
  std::uint32_t flag;
};
constexpr FlagName kFlags[] = {{"rewrite", FWD_FLOW_REWRITE}, {"syn", FWD_FLOW_SYN},
                               {"fin", FWD_FLOW_FIN},         {"rst", FWD_FLOW_RST},
                               {"seen", FWD_FLOW_SEEN},       {"origin", FWD_FLOW_ORIGIN}};

[[noreturn]] void bad(const std::string& what) { throw std::runtime_error(what); }

std::string format_side(const fwd_addr& address, __be16 port_be) {
  const IpAddress ip{std::bit_cast<std::array<std::uint8_t, 16>>(address)};
  const std::string host = ip.is_v4() ? format(ip) : "[" + format(ip) + "]";
  return host + ":" + std::to_string(fwd_swap16(port_be));
}

void read_flow(const std::string& line, Flows& flows) {
  std::istringstream in(line);
  std::string proto, a, b, c, d, skip, word;
  fwd_flow_key key{};
  fwd_flow flow{};
  if (!(in >> proto >> a >> skip >> b >> skip >> c >> skip >> d))
    bad("a flow is: tcp A:p > B:q => C:r > D:s");
  key.net = 1;
  key.proto = proto == "tcp" ? 6 : 17;
  read_side(a, key.src, key.sport_be);
  read_side(b, key.dst, key.dport_be);
  read_side(c, flow.src, flow.sport_be);
  read_side(d, flow.dst, flow.dport_be);
  while (in >> word) {
    const auto* known =
        std::find_if(std::begin(kFlags), std::end(kFlags), [&](const FlagName& f) { return word == f.name; });
    if (known != std::end(kFlags)) {
      flow.flags |= known->flag;
    } else if (word == "outside") {
      flow.vtep = FWD_VTEP_OUTSIDE;
    } else {
      __u32* number = word == "seen@"   ? &flow.seen
                      : word == "epoch" ? &flow.epoch
                      : word == "vtep"  ? &flow.vtep
                                        : nullptr;
      if (!number || !(in >> *number)) bad("what is " + word + "?");
    }
  }
  flows.emplace(model::bytes_of(key), flow);
}

Outcome read_verdict(const std::string& line) {
  std::istringstream in(line);
  std::string name, word;
  Outcome wanted;
  in >> name;
  while (wanted.verdict < FWD_VERDICT_COUNT && verdict_name(wanted.verdict) != name) ++wanted.verdict;
  if (wanted.verdict == FWD_VERDICT_COUNT) bad("no verdict " + name);
  while (in >> word) {
    std::uint32_t* number = word == "ifindex" ? &wanted.out_ifindex
                            : word == "vtep"  ? &wanted.out_vtep
                                              : nullptr;
    if (!number || !(in >> *number)) bad("what is " + word + "?");
  }
  return wanted;
}

void read_line(Case& c, const std::filesystem::path& folder, const std::string& key, const std::string& rest,
               int line) {
  if (key == "state")
    c.tables = must(model::lower(must(model::parse(must(read_file(folder / rest))))));
  else if (key == "now")
    c.now = static_cast<std::uint32_t>(std::stoul(rest));
  else if (key == "capacity")
    c.capacity = static_cast<std::uint32_t>(std::stoul(rest));
  else if (key == "reference-only")
    c.reference_only = true;
  else if (key == "before")
    read_flow(rest, c.before);
  else if (key == "after")
    read_flow(rest, c.after);
  else if (key == "pod" || key == "wire")
    c.steps.push_back({key == "wire", packet_from(rest), {}, line});
  else if (c.steps.empty())
    bad("before the first packet: " + key);
  else if (key == "verdict")
    c.steps.back().wanted = read_verdict(rest);
  else if (key == "out")
    c.steps.back().wanted.packet = rest == "unchanged" ? c.steps.back().packet : packet_from(rest);
  else
    bad("what is " + key + "?");
}

}  // namespace

void read_side(const std::string& text, fwd_addr& address, __be16& port_be) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  address = std::bit_cast<fwd_addr>(must(IpAddress::parse(host)).bytes);
  port_be = fwd_swap16(static_cast<__u16>(std::stoul(text.substr(colon + 1))));
}

void read_case_lines(const std::filesystem::path& file, const ReadLine& read) {
  std::istringstream in(must(read_file(file)));
  std::vector<std::pair<int, std::string>> lines;
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    if (text.empty() || text[0] == '#') continue;
    if (text[0] == ' ' && !lines.empty())
      lines.back().second += text;
    else
      lines.emplace_back(number, text);
  }
  for (const auto& [number, line] : lines) {
    const std::size_t blank = line.find(' ');
    try {
      read(line.substr(0, blank), line.substr(blank + 1), number);
    } catch (const std::exception& error) {
      bad(file.string() + ":" + std::to_string(number) + ": " + error.what());
    }
  }
}

Case read_case(const std::filesystem::path& file) {
  Case c;
  c.name = file.stem().string();
  read_case_lines(file, [&](const std::string& key, const std::string& rest, int line) {
    read_line(c, file.parent_path(), key, rest, line);
  });
  return c;
}

std::string format_flows(const Flows& flows) {
  std::ostringstream out;
  for (const auto& [bytes, flow] : flows) {
    const auto key = model::row_from<fwd_flow_key>(bytes);
    out << (key.proto == 6 ? "tcp " : "udp ") << format_side(key.src, key.sport_be) << " > "
        << format_side(key.dst, key.dport_be) << " => " << format_side(flow.src, flow.sport_be) << " > "
        << format_side(flow.dst, flow.dport_be) << " seen@ " << flow.seen;
    if (flow.epoch) out << " epoch " << flow.epoch;
    if (flow.vtep == FWD_VTEP_OUTSIDE)
      out << " outside";
    else if (flow.vtep)
      out << " vtep " << flow.vtep;
    for (const FlagName& flag : kFlags)
      if (flow.flags & flag.flag) out << ' ' << flag.name;
    out << '\n';
  }
  return out.str();
}

}  // namespace fairlead::test
