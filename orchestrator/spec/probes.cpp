// SPDX-License-Identifier: Apache-2.0
// What `ready` and `live` of a container must obey, and the words of anything
// that is run.
#include "control/document/scalars.h"
#include "orchestrator/spec/checker.h"

namespace fairlead::spec {
namespace {

using document::display_value;

constexpr std::size_t kMaxWords = 256;
constexpr std::size_t kMaxWordBytes = 64U << 10;
constexpr Millis kLongest{3'600'000};
constexpr Millis kLeastEvery{100};
constexpr Millis kLeastTimeout{10};
// A program costs far more than a connection, and one that hangs holds a place among the node's probes.
constexpr Millis kLeastExecEvery{500};
constexpr Millis kLongestExec{60'000};

void check_duration(Checker& out, const std::string& path, Millis value, Millis least, Millis most) {
  if (value >= least && value <= most) return;
  out.complain(path, format_duration(value),
               "is outside " + format_duration(least) + " to " + format_duration(most),
               "Write a duration in between");
}

void check_port(Checker& out, const std::string& path, const std::string& name,
                const std::vector<Container>& all) {
  const ContainerPort* port = nullptr;
  std::vector<std::string_view> names;
  for (const Container& c : all)
    for (const ContainerPort& p : c.ports) {
      names.push_back(p.name);
      if (p.name == name) port = &p;
    }
  if (port == nullptr) {
    const std::string near = document::suggest(name, names);
    out.complain(path, display_value(name), "is not the name of a port",
                 near.empty() ? "Declare it in ports" : near);
  } else if (port->protocol == Protocol::udp) {
    out.complain(path, display_value(name), "is a UDP port, which cannot be probed", "Name a TCP port");
  }
}

void check_exec(Checker& out, const std::string& path, const std::vector<std::string>& exec) {
  if (exec.empty() || exec.front().empty())
    out.complain(path, "", "names no program", "Write [PROGRAM, ARGUMENT...]");
  check_words(out, path, exec);
}

}  // namespace

void check_words(Checker& out, const std::string& path, const std::vector<std::string>& words) {
  std::size_t bytes = 0;
  for (const std::string& word : words) bytes += word.size() + 1;
  if (words.size() > kMaxWords || bytes > kMaxWordBytes)
    out.complain(path, "", "is longer than 256 words or 64 KiB", "Put it into a script in the image");
}

void check_probe(Checker& out, const std::string& path, const Probe& probe,
                 const std::vector<Container>& all) {
  const bool exec = probe.type == Probe::Type::exec;
  const bool http = probe.type == Probe::Type::http;
  if (exec)
    check_exec(out, path + ".exec", probe.exec);
  else
    check_port(out, path + (http ? ".http.port" : ".tcp.port"), probe.port, all);
  if (http && (!probe.path.starts_with('/') || probe.path.find_first_of(" \r\n\t") != std::string::npos))
    out.complain(path + ".http.path", display_value(probe.path), "is not a path",
                 "Begin it with /, without spaces");
  check_duration(out, path + ".every", probe.every, exec ? kLeastExecEvery : kLeastEvery, kLongest);
  check_duration(out, path + ".timeout", probe.timeout, kLeastTimeout, exec ? kLongestExec : kLongest);
  check_duration(out, path + ".after", probe.after, Millis(0), kLongest);
  out.range<std::uint32_t>(path + ".failures", probe.failures, 1, 100);
}

}  // namespace fairlead::spec
