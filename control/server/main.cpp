// SPDX-License-Identifier: Apache-2.0
// fairlead-control: reads its flags, opens Control, runs until SIGTERM or SIGINT.
// Exit codes: 0 stopped when asked; 1 could not start; 2 wrong flags.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "base/io/command_line.h"
#include "base/io/log.h"
#include "base/io/memory.h"
#include "control/net/client.h"
#include "control/server/control.h"

namespace fairlead::server {
namespace {

struct Flags {
  std::string state_dir;
  std::string socket{net::kControlSocket};
  std::vector<std::string> listen;
  std::string token_file;
  bool insecure_plaintext = false;
  std::string cluster;
  std::string replace_after = "30s";
  std::uint32_t replace_rate = ClusterRules{}.replace_per_second;
  std::string silent_after = "6s";
  std::string log_level = "info";
};

constexpr const char* kFooter = R"(Example:
  fairlead-control --state-dir /var/lib/fairlead/control --listen 127.0.0.1:7400 --token-file /etc/fairlead/token

SIGTERM ends control only: the agents keep what runs and call again.)";

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--state-dir", flags.state_dir, "folder of the store; made if it is not there")->required();
  app.add_option("--socket", flags.socket, "Unix socket for people on this machine (mode 0600)")
      ->capture_default_str();
  app.add_option("--listen", flags.listen, "ADDRESS:PORT for agents and remote people; needs --token-file");
  app.add_option("--token-file", flags.token_file, "file with the token that TCP callers must send");
  app.add_flag(net::kPlaintextFlag, flags.insecure_plaintext, "listen beyond loopback without TLS");
  app.add_option("--cluster", flags.cluster,
                 "id of the cluster, as its agents have it; default: the stored one, or \"default\"");
  app.add_option("--replace-after", flags.replace_after,
                 "pods of a node silent for so long are made elsewhere")
      ->capture_default_str();
  app.add_option("--replace-rate", flags.replace_rate, "at most so many pods of silent nodes per second")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--silent-after", flags.silent_after, "a node not heard for so long is silent")
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")->capture_default_str();
  app.set_config("--config", "", "file with these options, one NAME = VALUE per line");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.footer(kFooter);
}

bool is_cluster_id(std::string_view id) {
  return id.size() <= 15 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Result<ControlOptions> read_options(const Flags& flags) {
  ControlOptions options;
  options.state_dir = flags.state_dir;
  if (!is_cluster_id(flags.cluster))
    return fail(Code::invalid, "--cluster " + flags.cluster, "is not at most 15 of a-z, 0-9 and -",
                "choose a shorter id");
  options.cluster = flags.cluster;
  options.net.socket = flags.socket;
  options.net.insecure_plaintext = flags.insecure_plaintext;
  for (const std::string& text : flags.listen) {
    FL_TRY(const net::TcpEndpoint endpoint, net::parse_tcp_endpoint(text));
    options.net.tcp.push_back(endpoint);
  }
  if (!flags.token_file.empty()) {
    FL_TRY(options.net.token, net::read_token(flags.token_file));
  }
  FL_TRY(options.rules.replace_after, parse_duration(flags.replace_after));
  options.rules.replace_per_second = flags.replace_rate;
  FL_TRY(options.rules.silent_after, parse_duration(flags.silent_after));
  options.rules.start_grace = std::max(options.rules.start_grace, 2 * options.rules.silent_after);
  FL_TRY(const log::Level level, log::parse_level(flags.log_level));
  log::set_level(level);
  return options;
}

net::Task<> stop_on_signal(net::asio::signal_set* signals, Control* control) {
  const int signal = co_await signals->async_wait(net::asio::use_awaitable);
  log::info("stopping", {{"signal", std::to_string(signal)}});
  co_await control->stop();
}

Result<> run(const Flags& flags) {
  FL_TRY(ControlOptions options, read_options(flags));
  const std::string socket = options.net.socket;
  net::asio::io_context loop(1);
  net::asio::signal_set signals(loop, SIGTERM, SIGINT);
  FL_TRY(const std::unique_ptr<Control> control, Control::open(loop.get_executor(), std::move(options)));
  control->start();
  net::asio::co_spawn(loop, stop_on_signal(&signals, control.get()), net::asio::detached);
  log::info("fairlead-control is ready", {{"socket", socket}});
  for (const net::TcpEndpoint& endpoint : control->tcp_endpoints())
    log::info("listening", {{"tcp", format(endpoint)}});
  loop.run();
  return {};
}

}  // namespace
}  // namespace fairlead::server

int main(int argc, char** argv) {
  fairlead::keep_heap_small();
  CLI::App app("The control plane of a Fairlead cluster.", "fairlead-control");
  fairlead::server::Flags flags;
  fairlead::server::declare(app, flags);
  if (const auto done = fairlead::parse_line(app, argc, argv)) return *done;
  std::signal(SIGPIPE, SIG_IGN);
  const fairlead::Result<> done = fairlead::server::run(flags);
  if (done) return 0;
  fairlead::log::error("fairlead-control could not start", {{"error", format(done.error())}});
  return 1;
}
