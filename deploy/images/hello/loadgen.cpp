// SPDX-License-Identifier: Apache-2.0
// loadgen URL COUNT: so many GETs, one after the other, and a table of who
// answered. Each request is a new connection and a new look at the name,
// unless --keep-alive. Exit code 1 when any request failed, 2 for wrong usage.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "deploy/images/hello/fetch.h"
#include "deploy/images/hello/tally.h"

namespace fairlead::hello {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kUsage =
    "Usage: loadgen URL COUNT [--keep-alive] [-4 | -6] [--timeout MS] [--pause MS]\n"
    "  COUNT GETs of URL, one after the other; prints which pod on which node answered.\n"
    "  --keep-alive  one connection for all; -4, -6  one family only\n"
    "  --timeout MS  of each request, 2000 unless told; --pause MS  after each request\n"
    "Example: loadgen http://web:80 300\n";

struct Options {
  Target target;
  std::size_t count = 0;
  bool keep_alive = false;
  std::size_t timeout_ms = 2000;
  std::size_t pause_ms = 0;
};

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Options> parse(const std::vector<std::string_view>& words) {
  Options options;
  std::vector<std::string_view> plain;
  int family = AF_UNSPEC;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    if (word == "--keep-alive") {
      options.keep_alive = true;
    } else if (word == "-4" || word == "-6") {
      family = word == "-4" ? AF_INET : AF_INET6;
    } else if (word == "--timeout" || word == "--pause") {
      const auto value = number(at + 1 < words.size() ? words[++at] : "");
      if (!value || *value > 600'000) return fail(Code::invalid, std::string(word), "not milliseconds");
      (word == "--pause" ? options.pause_ms : options.timeout_ms) = *value;
    } else if (word.starts_with("-")) {
      return fail(Code::invalid, std::string(word), "unknown option");
    } else {
      plain.push_back(word);
    }
  }
  if (plain.size() != 2) return fail(Code::invalid, "arguments", "a URL and a COUNT are needed");
  FL_TRY(options.target, parse_url(plain[0]));
  options.target.family = family;
  const auto count = number(plain[1]);
  if (!count || *count == 0 || *count > 10'000'000) {
    return fail(Code::invalid, std::string(plain[1]), "not a count", "give 1 to 10000000");
  }
  options.count = *count;
  return options;
}

void ask(Client& client, Tally& tally) {
  const Result<Fetched> answer = client.get();
  if (!answer) {
    tally.failed(answer.error().reason);
  } else if (answer->status != 200) {
    tally.failed("status " + std::to_string(answer->status));
  } else {
    tally.answered(answer->body);
  }
}

void pause(std::size_t milliseconds) {
  const timespec wait{static_cast<time_t>(milliseconds / 1000),
                      static_cast<long>(milliseconds % 1000) * 1'000'000};
  ::nanosleep(&wait, nullptr);
}

int generate(const Options& options, std::string_view url) {
  Client client(options.target, std::chrono::milliseconds(options.timeout_ms), options.keep_alive);
  Tally tally;
  const auto began = Clock::now();
  auto told = began;
  for (std::size_t done = 0; done < options.count; ++done) {
    ask(client, tally);
    if (options.pause_ms != 0) pause(options.pause_ms);
    if (Clock::now() - told >= std::chrono::seconds(2)) {
      told = Clock::now();
      std::fprintf(stderr, "loadgen: %zu of %zu, %zu failed\n", done + 1, options.count, tally.failures());
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::printf("%s%zu requests to %.*s: %zu answered, %zu failed, %.2f s\n", tally.table().c_str(),
              options.count, static_cast<int>(url.size()), url.data(), tally.answers(), tally.failures(),
              seconds);
  return tally.failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fairlead::hello

int main(int argc, char** argv) {
  using namespace fairlead::hello;
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (std::ranges::any_of(words, [](std::string_view word) { return word == "--help" || word == "-h"; })) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const auto options = parse(words);
  if (!options) {
    std::fprintf(stderr, "loadgen: %s\n%s", format(options.error()).c_str(), kUsage);
    return 2;
  }
  for (const std::string_view word : words) {
    if (word.starts_with("http://")) return generate(*options, word);
  }
  return 2;
}
