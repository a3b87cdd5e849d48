// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/template_hash.h"

#include <array>
#include <cstdio>

#include "base/hash.h"

namespace fairlead {
namespace {

// Field numbers are stored with every pod: never renumber, never reuse.
enum class Tag : std::uint8_t {
  end = 0,
  container = 1,
  name = 2,
  image = 3,
  command = 4,
  env = 5,
  cpu = 6,
  memory = 7,
  pids = 8,
  port = 9,
  probe = 10,
  probe_type = 11,
  probe_port = 12,
  probe_path = 13,
  probe_every = 14,
  probe_timeout = 15,
  probe_failures = 16,
  grace = 17,
  probe_exec = 18,
  probe_after = 19,
  live = 20,
};

class Canonical {
 public:
  Canonical& tag(Tag t) {
    hash_.add(static_cast<std::uint64_t>(t));
    return *this;
  }
  Canonical& text(std::string_view value) {
    hash_.add(value);
    return *this;
  }
  Canonical& number(std::uint64_t value) {
    hash_.add(value);
    return *this;
  }
  void text_unless(Tag t, const std::string& value, const std::string& usual) {
    if (value != usual) tag(t).text(value);
  }
  void number_unless(Tag t, std::uint64_t value, std::uint64_t usual) {
    if (value != usual) tag(t).number(value);
  }
  std::uint64_t value() const { return hash_.value(); }

 private:
  StableHash hash_;
};

std::uint64_t count(Millis time) { return static_cast<std::uint64_t>(time.count()); }

void add(Canonical& into, Tag which, const Probe& probe) {
  const Probe usual;
  into.tag(which);
  into.number_unless(Tag::probe_type, static_cast<std::uint64_t>(probe.type), 0);
  into.text_unless(Tag::probe_port, probe.port, usual.port);
  into.text_unless(Tag::probe_path, probe.path, usual.path);
  into.number_unless(Tag::probe_every, count(probe.every), count(usual.every));
  into.number_unless(Tag::probe_timeout, count(probe.timeout), count(usual.timeout));
  into.number_unless(Tag::probe_failures, probe.failures, usual.failures);
  for (const auto& word : probe.exec) into.tag(Tag::probe_exec).text(word);
  into.number_unless(Tag::probe_after, count(probe.after), count(usual.after));
  into.tag(Tag::end);
}

void add(Canonical& into, const Resources& resources) {
  const Resources usual;
  into.number_unless(Tag::cpu, resources.cpu_milli, usual.cpu_milli);
  into.number_unless(Tag::memory, resources.memory_bytes, usual.memory_bytes);
  into.number_unless(Tag::pids, resources.pids, usual.pids);
}

void add(Canonical& into, const Container& container) {
  into.tag(Tag::container);
  into.text_unless(Tag::name, container.name, "");
  into.text_unless(Tag::image, container.image, "");
  for (const auto& word : container.command) into.tag(Tag::command).text(word);
  for (const auto& [key, value] : container.env) into.tag(Tag::env).text(key).text(value);
  add(into, container.resources);
  for (const auto& port : container.ports)
    into.tag(Tag::port).text(port.name).number(port.port).number(static_cast<std::uint64_t>(port.protocol));
  if (container.ready) add(into, Tag::probe, *container.ready);
  if (container.live) add(into, Tag::live, *container.live);
  into.tag(Tag::end);
}

}  // namespace

std::string template_hash(const PodTemplate& pod) {
  Canonical canonical;
  for (const auto& container : pod.containers) add(canonical, container);
  canonical.number_unless(Tag::grace, count(pod.grace), count(PodTemplate{}.grace));
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(canonical.value()));
  return text.data();
}

}  // namespace fairlead
