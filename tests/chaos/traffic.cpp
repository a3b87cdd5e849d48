// SPDX-License-Identifier: Apache-2.0
// chaos-traffic: what one pod does while daemons are killed: established
// flows, new connections, names. Runs in the pod's network namespace until
// SIGTERM and keeps its tally in a file, one `name=value` per line, replaced as
// a whole; the last one has `over=1`.
//
//   chaos-traffic status=FILE dns=A name=N vips=A,A pods=A,A flows=N rate=N queries=N
#include <charconv>
#include <csignal>
#include <cstdio>
#include <map>
#include <string_view>
#include <thread>

#include "base/io/file.h"
#include "tests/chaos/threads.h"

namespace fairlead::chaos {
namespace {

constexpr timespec kWrite{0, 300'000'000};

Result<std::vector<IpAddress>> addresses(std::string_view text) {
  std::vector<IpAddress> found;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    FL_TRY(const IpAddress address, IpAddress::parse(one));
    found.push_back(address);
  }
  if (found.empty()) return fail(Code::invalid, "addresses", "there are none");
  return found;
}

Result<std::size_t> count_of(const std::string& text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(Code::invalid, text, "not a count");
  return value;
}

Result<Options> parse(int argc, char** argv) {
  std::map<std::string, std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t at = word.find('=');
    if (at == std::string::npos) return fail(Code::invalid, word, "is not NAME=VALUE");
    words[word.substr(0, at)] = word.substr(at + 1);
  }
  Options options;
  options.status = words["status"];
  options.name = words["name"];
  FL_TRY(options.dns, IpAddress::parse(words["dns"]));
  FL_TRY(options.vips, addresses(words["vips"]));
  FL_TRY(options.pods, addresses(words["pods"]));
  FL_TRY(options.flows, count_of(words["flows"]));
  FL_TRY(options.rate, count_of(words["rate"]));
  FL_TRY(options.queries, count_of(words["queries"]));
  return options;
}

std::string text_of(Tally& tally, bool over) {
  std::string text;
  const auto line = [&](const char* name, std::uint64_t value) {
    text += std::string(name) + "=" + std::to_string(value) + "\n";
  };
  line("flows", tally.flows);
  line("messages", tally.messages);
  line("broken", tally.broken);
  line("connections", tally.connections);
  line("failed", tally.failed);
  line("queries", tally.queries);
  line("wrong", tally.wrong);
  line("late", tally.late);
  line("unanswered", tally.unanswered);
  line("shed", tally.shed);
  line("over", over ? 1 : 0);
  const std::lock_guard lock(tally.mutex);
  if (!tally.first.empty()) text += "first=" + tally.first + "\n";
  return text;
}

int run(const Options& options) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  Tally tally;
  {
    std::vector<std::jthread> threads;
    for (const auto traffic : {keep_flows, make_connections, ask_names})
      threads.emplace_back([&, traffic](const std::stop_token& stop) { traffic(options, tally, stop); });
    while (::sigtimedwait(&ends, nullptr, &kWrite) != SIGTERM)
      if (!write_file_atomic(options.status, text_of(tally, false))) return 1;
  }
  return write_file_atomic(options.status, text_of(tally, true)) ? 0 : 1;
}

}  // namespace
}  // namespace fairlead::chaos

int main(int argc, char** argv) {
  const auto options = fairlead::chaos::parse(argc, argv);
  if (options) return fairlead::chaos::run(*options);
  std::fprintf(stderr, "chaos-traffic: %s\n", format(options.error()).c_str());
  return 2;
}
