// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/exec_probe.h"

#include <algorithm>

#include "orchestrator/runtime/container/exec.h"

namespace fairlead::runtime {
namespace {

constexpr std::size_t kTail = 1024;
constexpr std::size_t kLine = 120;

}  // namespace

void LastLine::add(std::string_view bytes) {
  tail_ += bytes.substr(bytes.size() - std::min(bytes.size(), kTail));
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
}

std::string LastLine::text() const {
  const std::size_t end = tail_.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const std::size_t before = tail_.find_last_of('\n', end);
  std::string line = tail_.substr(before + 1, end - before);  // npos + 1 is 0
  if (line.size() > kLine) line = line.substr(0, kLine) + "...";
  std::ranges::replace_if(line, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

ProbeResult probe_exec(const NodePaths& paths, std::string_view uid, std::string_view container,
                       const ExecProbe& probe, std::stop_token stop) {
  ExecSpec spec;
  spec.argv = probe.argv;
  spec.timeout = probe.timeout;
  spec.group = "probe-" + std::string(probe.name);
  LastLine out, err;  // apart: which of the two was written last is lost on the way
  const OnOutput keep = [&](Stream stream, std::string_view bytes) {
    (stream == Stream::err ? err : out).add(bytes);
  };
  const Result<int> code = exec_in_container(paths, uid, container, spec, keep, std::move(stop));
  if (code && *code == 0) return {true, ""};
  std::string reason = code                                 ? "exit " + std::to_string(*code)
                       : code.error().code == Code::timeout ? "no end in " + format_duration(probe.timeout)
                                                            : format(code.error());
  const std::string line = err.text().empty() ? out.text() : err.text();
  if (!line.empty()) reason += ": " + line;
  return {false, std::move(reason)};
}

}  // namespace fairlead::runtime
