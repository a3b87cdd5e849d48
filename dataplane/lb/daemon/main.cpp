// SPDX-License-Identifier: Apache-2.0
// fairlead-lb: reads the command line and runs an edge until SIGTERM or SIGINT.
// Exit codes: 0 ended as asked, 1 the machine refused, 2 a wrong command line or file.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>

#include "base/io/command_line.h"
#include "base/io/log.h"
#include "base/io/memory.h"
#include "base/net/netlink.h"
#include "control/net/client.h"
#include "dataplane/lb/daemon/lb.h"

namespace fairlead::lb {
namespace {

struct CommandLine {
  std::string config = "/etc/fairlead/lb.yaml", state_dir = "/var/lib/fairlead/lb", name = "lb";
  std::string socket{api::kSocket}, token_file, log_level = "info";
  std::string control, control_token_file, cluster = "default";
  std::vector<std::string> listen;
  bool insecure_plaintext = false, check = false, remove = false, fresh = false;
};

constexpr const char* kFooter = R"(Example, /etc/fairlead/lb.yaml:
  interfaces: [eth0]
  services:
    - name: web
      addresses: [198.51.100.1]
      ports: [tcp/80, tcp/443]
      deliver: ipip
      servers: [192.0.2.11, {address: 192.0.2.12, weight: 2}]
      check: {http: {port: 80, path: /}, every: 1s}

  fairlead-lb --check           says what is wrong with the file
  fairlead-lb                   forwards; fairlead lb status shows how
  fairlead-lb --remove          takes programs, tables and state away

In a cluster the file says only what is the machine's (interfaces); services, pods and rings come from control:
  fairlead-lb --control 192.168.77.254:7400 --control-token-file /etc/fairlead/token --name edge1
This machine is one of the cluster's nodes (fairlead-agent), so that the others take its packets.

SIGHUP reads the file again; a mistake in it leaves all as it is. SIGTERM ends the daemon only: XDP forwards on
(DPDK is the daemon), and the next fairlead-lb goes on where this one was.)";

void declare(CLI::App& app, CommandLine& line) {
  app.add_option("--config", line.config, "the file")->capture_default_str();
  app.add_option("--state-dir", line.state_dir, "folder that survives a reboot")->capture_default_str();
  app.add_option("--name", line.name, "of this edge, where a machine or a cluster has several")
      ->capture_default_str();
  app.add_option("--socket", line.socket, "Unix socket for people on this machine (mode 0600)")
      ->capture_default_str();
  app.add_option("--listen", line.listen, "ADDRESS:PORT for metrics and remote people; needs --token-file");
  app.add_option("--token-file", line.token_file, "file with the token that TCP callers must send");
  app.add_option("--control", line.control,
                 "a cluster's control, ADDRESS:PORT or a Unix socket: it gives the services");
  app.add_option("--control-token-file", line.control_token_file, "file with the cluster's token");
  app.add_option("--cluster", line.cluster, "the cluster's id")->capture_default_str();
  app.add_flag(net::kPlaintextFlag, line.insecure_plaintext,
               "listen, or ask control, beyond loopback without TLS");
  app.add_option("--log-level", line.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_flag("--check", line.check, "only say whether the file is right");
  app.add_flag("--remove", line.remove, "take programs, tables and state away, and exit");
  app.add_flag("--fresh", line.fresh, "begin without the state of before: flows may move to other servers");
  app.footer(kFooter);
}

int complain(const Error& error, int code) { return fairlead::complain("fairlead-lb", error, code); }

// By which this machine reaches control: two machines with one name are told apart by it.
IpAddress address_towards(const net::ServerAddress& control) {
  const auto host = IpAddress::parse(control.host);
  Result<Netlink> netlink = Netlink::open();
  if (!host || !netlink) return {};
  const auto way = netlink->way_to(*host);
  return way && *way ? (*way)->source : IpAddress{};
}

Result<ClusterOptions> cluster_of(const CommandLine& line) {
  ClusterOptions cluster{{}, line.cluster, line.name, {}};
  if (line.name == CommandLine{}.name)
    return fail(Code::invalid, "--name", "is not given, and edges of a cluster have names of their own",
                "add --name edge1");
  auto control = net::control_address(line.control, line.control_token_file, line.insecure_plaintext);
  if (!control) return std::unexpected(std::move(control).error().within("--control"));
  cluster.control = std::move(*control);
  cluster.address = address_towards(cluster.control);
  return cluster;
}

Result<LbOptions> options_of(const CommandLine& line) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (line.name.empty() || line.name.size() > 32 ||
      line.name.find_first_not_of(kLetters) != std::string::npos)
    return fail(Code::invalid, "--name " + line.name, "is not 1 to 32 of a-z, 0-9 and -", "choose another");
  LbOptions options{line.config, line.state_dir, line.name, line.fresh, {}, {}};
  options.net.socket = line.socket;
  options.net.insecure_plaintext = line.insecure_plaintext;
  for (const std::string& text : line.listen) {
    FL_TRY(const net::TcpEndpoint endpoint, net::parse_tcp_endpoint(text));
    options.net.tcp.push_back(endpoint);
  }
  if (!line.token_file.empty()) {
    FL_TRY(options.net.token, net::read_token(line.token_file));
  }
  if (!line.control.empty()) {
    FL_TRY(options.cluster, cluster_of(line));
  }
  return options;
}

Result<> remove_all(const LbOptions& options) {
  StateFile file(options.state_dir);
  FL_TRY_OK(file.lock());
  FL_TRY_OK(remove_engine(options.name));
  return file.remove();
}

net::Task<> listen_to_signals(net::asio::signal_set* signals, Lb* lb) {
  for (;;) {
    const int signal = co_await signals->async_wait(net::asio::use_awaitable);
    if (signal != SIGHUP) break;
    lb->reload();
  }
  co_await lb->stop();
}

int serve(LbOptions options) {
  net::asio::io_context loop(1);
  net::asio::signal_set signals(loop, SIGTERM, SIGINT, SIGHUP);
  Result<std::unique_ptr<Lb>> lb = Lb::open(loop.get_executor(), std::move(options));
  if (!lb) return complain(lb.error(), lb.error().code == Code::invalid ? 2 : 1);
  (*lb)->start();
  net::asio::co_spawn(loop, listen_to_signals(&signals, lb->get()), net::asio::detached);
  log::info("fairlead-lb is ready");
  loop.run();
  log::info((*lb)->forwards_on() ? "the daemon ends, packets are forwarded on"
                                 : "the daemon ends, and with it DPDK: packets wait for the next one");
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("fairlead-lb: an edge load balancer", "fairlead-lb");
  CommandLine line;
  declare(app, line);
  if (const auto done = parse_line(app, argc, argv)) return *done;
  const Result<log::Level> level = log::parse_level(line.log_level);
  if (!level) return complain(level.error(), 2);
  log::set_level(*level);
  Result<LbOptions> options = options_of(line);
  if (!options) return complain(options.error(), 2);
  if (line.check) {
    const Result<Config> config =
        read_config(options->config, options->cluster ? Services::of_control : Services::of_the_file);
    if (!config) return complain(config.error(), 2);
    const std::size_t count = config->services.size();
    std::printf("%s is right: %zu %s\n", line.config.c_str(), count, count == 1 ? "service" : "services");
    return 0;
  }
  if (!line.remove) return serve(std::move(*options));
  const Result<> gone = remove_all(*options);
  return gone ? 0 : complain(gone.error(), 1);
}

}  // namespace
}  // namespace fairlead::lb

int main(int argc, char** argv) {
  fairlead::keep_heap_small();
  std::signal(SIGPIPE, SIG_IGN);
  return fairlead::lb::run(argc, argv);
}
