// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/random_packet.h"

#include <string>

#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

using Random = std::mt19937_64;
using Words = std::vector<const char*>;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }
bool chance(Random& random, unsigned percent) { return below(random, 100) < percent; }
std::string pick(Random& random, const Words& words) { return words[below(random, words.size())]; }

const Words kOthers4{"10.244.0.3",   "10.244.0.4",   "10.244.0.1", "10.96.0.10",  "10.96.0.20",
                     "10.96.0.21",   "10.96.0.22",   "10.96.0.23", "10.244.0.77", "10.96.0.99",
                     "198.51.100.7", "192.168.77.2", "224.0.0.1",  "10.244.0.2"};
const Words kOthers6{"fd00:244::3", "fd00:244::4", "fd00:244::1", "fd00:96::a", "fd00:96::20", "fd00:96::22",
                     "fd00:244::9", "fd00:96::99", "2001:db8::7", "ff02::1",    "fd00:244::2"};
const Words kPorts{"53", "80", "81", "8080", "5353", "40000", "40001", "4789", "6440"};
const Words kTcpFlags{"S", "SA", "A", "FA", "R", "PA", "RA", ""};

std::string transport(Random& random, bool six, int depth);

std::string ip_layer(Random& random, bool six, const std::string& src, const std::string& dst) {
  if (six) {
    std::string text = "ip6 " + src + " > " + dst + " class " + std::to_string(below(random, 256));
    for (std::size_t i = below(random, 10); i > 4; --i)
      text += " / " + pick(random, {"hopopts", "dstopts", "routing"});
    if (chance(random, 5))
      text += " / fragment " + pick(random, {"9", "70009"}) +
              pick(random, {" mf", " offset 8", " offset 64", " offset 64 mf"});
    return text;
  }
  std::string text = "ip4 " + src + " > " + dst + " tos " + std::to_string(below(random, 256));
  if (chance(random, 5)) text += " options 01010101";
  if (chance(random, 8))
    text += pick(random, {" mf", " mf id 9", " offset 64", " offset 64 mf", " offset 64 id 9"});
  return text;
}

std::string quoted(Random& random, bool six, int depth) {
  const std::string error = six ? pick(random, {"icmp6 1 4", "icmp6 2 0", "icmp6 3 0"})
                                : pick(random, {"icmp4 3 3", "icmp4 3 4", "icmp4 11 0", "icmp4 5 1"});
  const Words& others = six ? kOthers6 : kOthers4;
  const std::string own = six ? "fd00:244::2" : "10.244.0.2";
  const std::string cut = chance(random, 20) ? "cut " + std::to_string(below(random, 60)) + " / " : "";
  const bool outgoing = chance(random, 50);
  const std::string other = pick(random, others);
  return error + " / " + cut + ip_layer(random, six, outgoing ? own : other, outgoing ? other : own) + " / " +
         transport(random, six, depth + 1);
}

std::string transport(Random& random, bool six, int depth) {
  const std::string ports = " " + pick(random, kPorts) + " > " + pick(random, kPorts) + " ";
  const std::size_t bytes = chance(random, 12) ? 1150 + below(random, 400) : below(random, 40);
  const std::string data = " / data " + std::to_string(bytes);
  switch (below(random, depth == 0 ? 6 : 3)) {
    case 0:
      return "udp" + ports + (chance(random, 20) ? "nosum" : "") + data;
    case 1:
    case 2:
      return "tcp" + ports + pick(random, kTcpFlags) +
             (chance(random, 20) ? " mss " + std::to_string(1200 + below(random, 300)) : "") + data;
    case 3:
      return quoted(random, six, depth);
    case 4:
      return (six ? pick(random, {"icmp6 128 0", "icmp6 128 0", "icmp6 135 0"}) : "icmp4 8 0") + data;
    default:
      return "data 20 type 132";
  }
}

std::string frame(Random& random, bool from_wire) {
  const bool six = chance(random, 40);
  const std::string own = six ? "fd00:244::2" : "10.244.0.2";
  const std::string other = pick(random, six ? kOthers6 : kOthers4);
  const std::string src = from_wire ? other : chance(random, 3) ? other : own;
  const std::string dst =
      from_wire ? (chance(random, 10) ? pick(random, six ? kOthers6 : kOthers4) : own) : other;
  return ip_layer(random, six, src, dst) + " / " + transport(random, six, 0);
}

void mutate(Random& random, Bytes& bytes) {
  if (chance(random, 30)) bytes.resize(below(random, bytes.size() + 1));
  for (std::size_t i = below(random, 4); i > 0 && !bytes.empty(); --i)
    bytes[below(random, std::min<std::size_t>(bytes.size(), 120))] = static_cast<std::uint8_t>(random());
}

// As the tables have them, older, newer, unknown.
std::string epochs(Random& random) {
  if (chance(random, 40)) return "";
  return " epochs " + pick(random, {"4", "4", "4", "3", "5", "0", "65535"}) + " " +
         pick(random, {"2", "2", "2", "2", "1", "3", "0"});
}

// What an edge sends on for a client of the world: the inner MAC names the pod, and the source may name one
// that has it instead.
std::string frame_of_edge(Random& random) {
  const bool six = chance(random, 40);
  const std::string client = six ? "2001:db8:99::" : "203.0.113.",
                    number = std::to_string(1 + below(random, 4));
  const std::string vip = six ? "fd00:96::30" : chance(random, 90) ? "10.96.0.30" : "10.96.0.20";
  const std::string pod = pick(random, {"a", "a", "a", "b", "c"});
  const std::string port = std::to_string(40000 + below(random, 3));
  const std::string from =
      pick(random, {"02:66:6c:00:00:01", "02:66:6c:00:00:01", "02:00:00:00:00:0a", "02:00:00:00:00:0b",
                    "02:00:00:00:00:0c", "03:00:00:00:00:0b", "03:00:00:00:00:0c"});
  std::string text = "eth " + from + " > 02:00:00:00:00:0" + pod + " / ";
  if (chance(random, 15))
    return text + ip_layer(random, six, client + number, vip) + " / " + (six ? "icmp6 2 0" : "icmp4 3 4") +
           " / " + ip_layer(random, six, vip, client + number) + " / tcp 80 > " + port + " A";
  return text + ip_layer(random, six, client + number, vip) + " / " +
         (chance(random, 80) ? "tcp " + port + " > 80 " + pick(random, kTcpFlags) : "udp " + port + " > 53") +
         " / data 8";
}

// What its pod answers.
std::string answer_to_client(Random& random) {
  const bool six = chance(random, 40);
  return ip_layer(random, six, six ? "fd00:244::2" : "10.244.0.2",
                  (six ? "2001:db8:99::" : "203.0.113.") + std::to_string(1 + below(random, 4))) +
         " / tcp 8080 > " + std::to_string(40000 + below(random, 3)) + " A";
}

}  // namespace

RandomPacket random_packet(Random& random) {
  RandomPacket packet{chance(random, 40), {}};
  const bool edge = chance(random, 15);
  std::string text = "eth 02:00:00:00:00:0a > 02:66:6c:00:00:01 / " +
                     (edge ? answer_to_client(random) : frame(random, packet.from_wire));
  if (edge && packet.from_wire) text = frame_of_edge(random);
  if (packet.from_wire && !chance(random, 12)) {
    const std::string outer = chance(random, 3) ? "192.168.77.66" : "192.168.77.2";
    const std::string vni = chance(random, 3) ? "9" : "4097";
    text = "eth 02:00:00:00:99:02 > 02:00:00:00:99:01 / ip4 " + outer +
           " > 192.168.77.1 / udp 50000 > 4789 nosum / vxlan " + vni + epochs(random) + " / " + text;
  }
  packet.bytes = packet_from(text);
  if (chance(random, 30)) mutate(random, packet.bytes);
  return packet;
}

}  // namespace fairlead::test
