// SPDX-License-Identifier: Apache-2.0
// The program without DPDK: its libraries want an SSE4.2 as soon as they are loaded, which an edge on XDP
// need not have. For engine: dpdk it becomes the program beside it that has them.
#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <vector>

#include "base/io/file.h"
#include "dataplane/lb/engine/engine.h"

namespace fairlead::lb {
namespace {

// Each ends in a zero.
std::vector<char*> words_of(std::string& line) {
  std::vector<char*> words;
  for (std::size_t at = 0; at < line.size(); at = line.find('\0', at) + 1) words.push_back(&line[at]);
  words.push_back(nullptr);
  return words;
}

}  // namespace

Result<std::unique_ptr<Engine>> open_dpdk(const std::string&, const Config&) {
  if (!__builtin_cpu_supports("sse4.2"))
    return fail(Code::unsupported, "engine", "DPDK needs a CPU with SSE4.2", "write engine: xdp");
  std::error_code error;
  const auto beside =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "fairlead-lb-dpdk";
  FL_TRY(std::string line, read_file("/proc/self/cmdline"));
  ::execv(beside.c_str(), words_of(line).data());
  return fail(Code::unsupported, beside.string(), std::string("cannot be run: ") + std::strerror(errno),
              "install it beside fairlead-lb");
}

}  // namespace fairlead::lb
