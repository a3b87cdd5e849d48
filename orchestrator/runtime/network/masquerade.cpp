// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/network/masquerade.h"

#include "base/io/process.h"

namespace fairlead::runtime {
namespace {

constexpr std::string_view kTable = "inet fairlead";
constexpr Millis kTimeout{10'000};

std::string set_of(const std::vector<Prefix>& prefixes, Family family) {
  std::string text;
  for (const Prefix& prefix : prefixes)
    if (prefix.family() == family) text += (text.empty() ? "" : ", ") + format(prefix);
  return text;
}

std::string rule(const Masquerade& masquerade, Family family) {
  const std::string protocol = family == Family::v4 ? "ip" : "ip6";
  const std::string pods = set_of(masquerade.pods, family);
  const std::string kept = set_of(masquerade.kept, family);
  if (pods.empty()) return "";
  std::string text = "    oifname \"" + masquerade.uplink + "\" " + protocol + " saddr { " + pods + " }";
  if (!kept.empty()) text += " " + protocol + " daddr != { " + kept + " }";
  return text + " masquerade\n";
}

// What conntrack finds wrong is not translated: it would leave with a pod's
// address. And no stranger on the uplink's side speaks for a pod or a node.
std::string refusals(const Masquerade& masquerade, Family family) {
  const std::string protocol = family == Family::v4 ? "ip" : "ip6";
  const std::string pods = set_of(masquerade.pods, family);
  const std::string kept = set_of(masquerade.kept, family);
  const std::string uplink = "ifname \"" + masquerade.uplink + "\" " + protocol + " saddr { ";
  std::string text;
  if (!pods.empty()) text += "    o" + uplink + pods + " } ct state invalid drop\n";
  if (!kept.empty()) text += "    i" + uplink + kept + " } " + protocol + " daddr { " + kept + " } drop\n";
  return text;
}

std::string walls(const Masquerade& masquerade, Family family) {
  const std::string protocol = family == Family::v4 ? "ip" : "ip6";
  std::string text;
  for (const Masquerade::Apart& apart : masquerade.apart) {
    const std::string from = set_of(apart.from, family), to = set_of(apart.to, family);
    if (!from.empty() && !to.empty())
      text += "    " + protocol + " saddr { " + from + " } " + protocol + " daddr { " + to + " } drop\n";
  }
  return text;
}

Result<> call_nft(std::string rules) {
  ProcessSpec spec;
  spec.argv = {"nft", "-f", "-"};
  spec.input = std::move(rules);
  spec.timeout = kTimeout;
  FL_TRY_OK(run_checked(spec));
  return {};
}

}  // namespace

std::string masquerade_rules(const Masquerade& masquerade) {
  const std::string table(kTable);
  return "add table " + table + "\ndelete table " + table + "\ntable " + table +
         " {\n  chain postrouting {\n    type nat hook postrouting priority srcnat; policy accept;\n" +
         rule(masquerade, Family::v4) + rule(masquerade, Family::v6) +
         "  }\n  chain forward {\n    type filter hook forward priority filter; policy accept;\n" +
         refusals(masquerade, Family::v4) + refusals(masquerade, Family::v6) + walls(masquerade, Family::v4) +
         walls(masquerade, Family::v6) + "  }\n}\n";
}

Result<> apply_masquerade(const Masquerade& masquerade) {
  if (masquerade.uplink.empty() || masquerade.uplink.find_first_of("\"\\ \n") != std::string::npos)
    return fail(Code::invalid, "uplink \"" + masquerade.uplink + "\"", "is not a link's name");
  return call_nft(masquerade_rules(masquerade));
}

Result<> delete_masquerade() {
  const std::string table(kTable);
  return call_nft("add table " + table + "\ndelete table " + table + "\n");
}

}  // namespace fairlead::runtime
