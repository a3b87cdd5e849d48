// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/libbpf_words.h"

#include <array>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <system_error>

namespace fairlead::ebpf {
namespace {

std::string& last_words() {
  thread_local std::string words;
  return words;
}

__attribute__((format(printf, 2, 0))) int keep_words(libbpf_print_level level, const char* format,
                                                     va_list args) {
  if (level != LIBBPF_WARN) return 0;
  std::array<char, 512> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, args);
  last_words() = line.data();
  while (!last_words().empty() && last_words().back() == '\n') last_words().pop_back();
  return length;
}

}  // namespace

void keep_libbpf_words() { libbpf_set_print(keep_words); }

std::unexpected<Error> load_error(const std::string& what) {
  const std::string reason = last_words().empty() ? std::system_category().message(errno) : last_words();
  return fail(Code::unsupported, what, reason,
              "run ./dev doctor; it needs root, kernel 6.6 or newer and a bpf file system");
}

}  // namespace fairlead::ebpf
