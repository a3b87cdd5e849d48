// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/packet_text.h"

#include <cstdio>
#include <map>
#include <sstream>
#include <stdexcept>

#include "base/ip.h"

namespace fairlead::test {
namespace {

struct Layer {
  std::string name;
  std::vector<std::string> words;  // positional
  std::map<std::string, std::string> options;

  std::uint32_t number(const std::string& key, std::uint32_t otherwise) const {
    const auto found = options.find(key);
    return found == options.end() ? otherwise
                                  : static_cast<std::uint32_t>(std::stoul(found->second, nullptr, 0));
  }
  bool has(const std::string& key) const { return options.contains(key); }
  std::uint32_t word(std::size_t i) const {
    return static_cast<std::uint32_t>(std::stoul(words.at(i), nullptr, 0));
  }
};

using Layers = std::vector<Layer>;

const std::map<std::string, int>& option_arity() {
  static const std::map<std::string, int> kArity{
      {"type", 1},    {"ttl", 1},  {"tos", 1},   {"id", 1},    {"df", 0},    {"mf", 0},     {"offset", 1},
      {"options", 1}, {"sum", 1},  {"hops", 1},  {"class", 1}, {"label", 1}, {"length", 1}, {"nosum", 0},
      {"seq", 1},     {"rest", 1}, {"flags", 1}, {"mss", 1},   {"epochs", 2}};
  return kArity;
}

Layer read_layer(const std::string& text) {
  std::istringstream in(text);
  Layer layer;
  std::string word;
  in >> layer.name;
  if (layer.name == "data" && text.find('"') != std::string::npos) {
    const std::size_t from = text.find('"') + 1;
    layer.words.push_back("\"" + text.substr(from, text.rfind('"') - from));
    return layer;
  }
  while (in >> word) {
    const auto known = option_arity().find(word);
    if (word == ">") continue;
    if (known == option_arity().end()) {
      layer.words.push_back(word);
    } else if (known->second == 0) {
      layer.options[word] = "1";
    } else if (known->second == 2) {
      std::string second;
      if (!(in >> layer.options[word] >> second)) throw std::runtime_error("two values for " + word);
      layer.options[word + " 2"] = second;
    } else if (!(in >> layer.options[word])) {
      throw std::runtime_error("no value for " + word + " in: " + text);
    }
  }
  return layer;
}

Layers read_layers(std::string_view text) {
  Layers layers;
  std::size_t from = 0;
  for (;;) {
    const std::size_t slash = text.find(" / ", from);
    layers.push_back(read_layer(std::string(text.substr(from, slash - from))));
    if (slash == std::string_view::npos) return layers;
    from = slash + 3;
  }
}

void put(Bytes& to, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

void set16(Bytes& in, std::size_t at, std::uint32_t value) {
  in[at] = static_cast<std::uint8_t>(value >> 8);
  in[at + 1] = static_cast<std::uint8_t>(value);
}

std::uint32_t internet_sum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 ? 0 : 8);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

// What a transport layer needs to know of the IP layer around it.
struct Pseudo {
  IpAddress src;
  IpAddress dst;
};

Bytes pseudo_header(const Pseudo& pseudo, std::uint32_t proto, std::size_t length) {
  Bytes bytes;
  const std::size_t skip = pseudo.src.is_v4() ? 12 : 0;
  bytes.insert(bytes.end(), pseudo.src.bytes.begin() + static_cast<std::ptrdiff_t>(skip),
               pseudo.src.bytes.end());
  bytes.insert(bytes.end(), pseudo.dst.bytes.begin() + static_cast<std::ptrdiff_t>(skip),
               pseudo.dst.bytes.end());
  put(bytes, length, 4);
  put(bytes, proto, 4);
  return bytes;
}

std::uint32_t transport_sum(const Pseudo& pseudo, std::uint32_t proto, const Bytes& segment) {
  Bytes covered = pseudo_header(pseudo, proto, segment.size());
  put(covered, segment);
  return internet_sum(covered);
}

class Builder {
 public:
  explicit Builder(Layers layers) : layers_(std::move(layers)) {}
  Bytes build(std::size_t i, const Pseudo& pseudo = {}) const;

 private:
  using Make = Bytes (Builder::*)(std::size_t, const Pseudo&) const;
  Bytes eth(std::size_t i, const Pseudo&) const;
  Bytes ip4(std::size_t i, const Pseudo&) const;
  Bytes ip6(std::size_t i, const Pseudo&) const;
  Bytes extension(std::size_t i, const Pseudo&) const;
  Bytes fragment(std::size_t i, const Pseudo&) const;
  Bytes tcp(std::size_t i, const Pseudo&) const;
  Bytes udp(std::size_t i, const Pseudo&) const;
  Bytes icmp(std::size_t i, const Pseudo&) const;
  Bytes vxlan(std::size_t i, const Pseudo&) const;
  Bytes vlan(std::size_t i, const Pseudo&) const;
  Bytes gue(std::size_t i, const Pseudo&) const;
  Bytes payload(std::size_t i, const Pseudo&) const;
  std::uint32_t protocol_of(std::size_t i) const;
  std::uint32_t ethertype_of(std::size_t i) const;
  Layers layers_;
};

std::uint32_t Builder::protocol_of(std::size_t i) const {
  static const std::map<std::string, std::uint32_t> kProtocols{
      {"tcp", 6},      {"udp", 17},      {"icmp4", 1},    {"icmp6", 58}, {"hopopts", 0},
      {"routing", 43}, {"fragment", 44}, {"dstopts", 60}, {"ip4", 4},    {"ip6", 41}};
  if (i >= layers_.size()) return 59;
  const auto found = kProtocols.find(layers_[i].name);
  return found == kProtocols.end() ? layers_[i].number("type", 253) : found->second;
}

std::uint32_t Builder::ethertype_of(std::size_t i) const {
  const std::string name = i < layers_.size() ? layers_[i].name : "";
  return name == "ip6" ? 0x86dd : name == "vlan" ? 0x8100 : name == "qinq" ? 0x88a8 : 0x0800;
}

Bytes Builder::build(std::size_t i, const Pseudo& pseudo) const {
  static const std::map<std::string, Make> kMakers{
      {"eth", &Builder::eth},           {"ip4", &Builder::ip4},           {"ip6", &Builder::ip6},
      {"hopopts", &Builder::extension}, {"dstopts", &Builder::extension}, {"routing", &Builder::extension},
      {"fragment", &Builder::fragment}, {"tcp", &Builder::tcp},           {"udp", &Builder::udp},
      {"icmp4", &Builder::icmp},        {"icmp6", &Builder::icmp},        {"vxlan", &Builder::vxlan},
      {"vlan", &Builder::vlan},         {"qinq", &Builder::vlan},         {"gue", &Builder::gue},
      {"data", &Builder::payload},      {"hex", &Builder::payload},       {"cut", &Builder::payload}};
  if (i >= layers_.size()) return {};
  const auto maker = kMakers.find(layers_[i].name);
  if (maker == kMakers.end()) throw std::runtime_error("no such layer: " + layers_[i].name);
  return (this->*maker->second)(i, pseudo);
}

Bytes Builder::eth(std::size_t i, const Pseudo&) const {
  const Layer& layer = layers_[i];
  Bytes bytes;
  for (const std::size_t word : {1U, 0U}) {
    const auto mac = MacAddress::parse(layer.words.at(word)).value();
    bytes.insert(bytes.end(), mac.bytes.begin(), mac.bytes.end());
  }
  put(bytes, layer.number("type", ethertype_of(i + 1)), 2);
  put(bytes, build(i + 1));
  return bytes;
}

Bytes Builder::ip4(std::size_t i, const Pseudo&) const {
  const Layer& layer = layers_[i];
  const Pseudo inside{IpAddress::parse(layer.words.at(0)).value(),
                      IpAddress::parse(layer.words.at(1)).value()};
  const Bytes body = build(i + 1, inside);
  const Bytes options = layer.has("options") ? from_hex(layer.options.at("options")) : Bytes{};
  const std::size_t header = 20 + options.size();
  Bytes bytes;
  put(bytes, 0x40 | header / 4, 1);
  put(bytes, layer.number("tos", 0), 1);
  put(bytes, layer.number("length", static_cast<std::uint32_t>(header + body.size())), 2);
  put(bytes, layer.number("id", 1), 2);
  put(bytes,
      (layer.has("df") ? 0x4000U : 0U) | (layer.has("mf") ? 0x2000U : 0U) | layer.number("offset", 0) / 8, 2);
  put(bytes, layer.number("ttl", 64), 1);
  put(bytes, protocol_of(i + 1), 1);
  put(bytes, 0, 2);
  put(bytes, inside.src.v4_host_order(), 4);
  put(bytes, inside.dst.v4_host_order(), 4);
  put(bytes, options);
  set16(bytes, 10, layer.number("sum", internet_sum(bytes)));
  put(bytes, body);
  return bytes;
}

Bytes Builder::ip6(std::size_t i, const Pseudo&) const {
  const Layer& layer = layers_[i];
  const Pseudo inside{IpAddress::parse(layer.words.at(0)).value(),
                      IpAddress::parse(layer.words.at(1)).value()};
  const Bytes body = build(i + 1, inside);
  Bytes bytes;
  put(bytes, 6U << 28 | layer.number("class", 0) << 20 | layer.number("label", 0), 4);
  put(bytes, layer.number("length", static_cast<std::uint32_t>(body.size())), 2);
  put(bytes, protocol_of(i + 1), 1);
  put(bytes, layer.number("hops", 64), 1);
  bytes.insert(bytes.end(), inside.src.bytes.begin(), inside.src.bytes.end());
  bytes.insert(bytes.end(), inside.dst.bytes.begin(), inside.dst.bytes.end());
  put(bytes, body);
  return bytes;
}

Bytes Builder::extension(std::size_t i, const Pseudo& pseudo) const {
  Bytes bytes;
  put(bytes, protocol_of(i + 1), 1);
  put(bytes, 0, 1);
  put(bytes, 0x010400000000, 6);  // PadN over the rest
  put(bytes, build(i + 1, pseudo));
  return bytes;
}

Bytes Builder::fragment(std::size_t i, const Pseudo& pseudo) const {
  const Layer& layer = layers_[i];
  Bytes bytes;
  put(bytes, protocol_of(i + 1), 1);
  put(bytes, 0, 1);
  put(bytes, (layer.number("offset", 0) & 0xfff8U) | (layer.has("mf") ? 1U : 0U), 2);
  put(bytes, layer.word(0), 4);
  put(bytes, build(i + 1, pseudo));
  return bytes;
}

Bytes Builder::tcp(std::size_t i, const Pseudo& pseudo) const {
  const Layer& layer = layers_[i];
  std::uint32_t flags = 0;
  if (layer.words.size() > 2)
    for (const char c : layer.words[2]) flags |= 1U << std::string("FSRPA").find(c);
  Bytes bytes;
  put(bytes, layer.word(0), 2);
  put(bytes, layer.word(1), 2);
  put(bytes, layer.number("seq", 1), 4);
  put(bytes, 0, 4);
  put(bytes, (layer.has("mss") ? 0x6000U : 0x5000U) | flags, 2);
  put(bytes, 0xffff, 2);
  put(bytes, 0, 4);
  if (layer.has("mss")) put(bytes, 0x02040000U | layer.number("mss", 0), 4);
  put(bytes, build(i + 1));
  set16(bytes, 16, layer.number("sum", transport_sum(pseudo, 6, bytes)));
  return bytes;
}

Bytes Builder::udp(std::size_t i, const Pseudo& pseudo) const {
  const Layer& layer = layers_[i];
  const Bytes body = build(i + 1);
  Bytes bytes;
  put(bytes, layer.word(0), 2);
  put(bytes, layer.word(1), 2);
  put(bytes, layer.number("length", static_cast<std::uint32_t>(8 + body.size())), 2);
  put(bytes, 0, 2);
  put(bytes, body);
  const std::uint32_t sum = transport_sum(pseudo, 17, bytes);
  set16(bytes, 6, layer.has("nosum") ? 0 : layer.number("sum", sum ? sum : 0xffff));
  return bytes;
}

Bytes Builder::icmp(std::size_t i, const Pseudo& pseudo) const {
  const Layer& layer = layers_[i];
  Bytes bytes;
  put(bytes, layer.word(0), 1);
  put(bytes, layer.word(1), 1);
  put(bytes, 0, 2);
  put(bytes, layer.number("rest", 0), 4);
  put(bytes, build(i + 1));
  set16(bytes, 2,
        layer.number("sum", layer.name == "icmp4" ? internet_sum(bytes) : transport_sum(pseudo, 58, bytes)));
  return bytes;
}

Bytes Builder::vxlan(std::size_t i, const Pseudo&) const {
  Bytes bytes;
  const std::uint32_t to = layers_[i].number("epochs 2", 0);
  put(bytes, layers_[i].number("flags", 8), 1);
  put(bytes, layers_[i].number("epochs", 0), 2);
  put(bytes, to >> 8 & 0xff, 1);
  put(bytes, layers_[i].word(0), 3);
  put(bytes, to & 0xff, 1);
  put(bytes, build(i + 1));
  return bytes;
}

Bytes Builder::vlan(std::size_t i, const Pseudo&) const {
  Bytes bytes;
  put(bytes, layers_[i].word(0), 2);
  put(bytes, layers_[i].number("type", ethertype_of(i + 1)), 2);
  put(bytes, build(i + 1));
  return bytes;
}

Bytes Builder::gue(std::size_t i, const Pseudo&) const {
  Bytes bytes;
  put(bytes, protocol_of(i + 1) << 16, 4);
  put(bytes, build(i + 1));
  return bytes;
}

Bytes Builder::payload(std::size_t i, const Pseudo& pseudo) const {
  const Layer& layer = layers_[i];
  if (layer.name == "hex") return from_hex(layer.words.at(0));
  if (layer.name == "cut") {
    Bytes rest = build(i + 1, pseudo);
    rest.resize(std::min<std::size_t>(rest.size(), layer.word(0)));
    return rest;
  }
  const std::string& what = layer.words.at(0);
  if (what.starts_with('"')) return Bytes(what.begin() + 1, what.end());
  Bytes bytes(layer.word(0));
  for (std::size_t b = 0; b < bytes.size(); ++b) bytes[b] = static_cast<std::uint8_t>(b);
  return bytes;
}

}  // namespace

Bytes packet_from(std::string_view text) { return Builder(read_layers(text)).build(0); }

std::string hex_dump(const Bytes& bytes) {
  std::string text;
  char word[8];
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::snprintf(word, sizeof word, "%02x%s", bytes[i], i % 16 == 15 ? "\n" : " ");
    text += word;
  }
  return text + "\n";
}

}  // namespace fairlead::test
