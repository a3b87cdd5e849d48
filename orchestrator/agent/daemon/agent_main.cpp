// SPDX-License-Identifier: Apache-2.0
// fairlead-agent: reads the command line and runs the agent until SIGTERM or
// SIGINT. Exit codes: 0 ended as asked, 1 the machine or the network refused,
// 2 a wrong command line.
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <thread>
#include <unistd.h>

#include "base/io/command_line.h"
#include "base/io/log.h"
#include "base/io/memory.h"
#include "orchestrator/agent/daemon/agent.h"
#include "orchestrator/agent/node/defaults.h"
#include "orchestrator/agent/node/teardown.h"

namespace fairlead::agent {
namespace {

struct CommandLine {
  std::string name, address, join, token_file, state_dir, run_dir, images_dir, uplink = "eth0",
                                                                               cluster = "default";
  double cpu = 0;
  std::string memory, log_level = "info";
  std::uint32_t max_pods = 250;
  std::vector<std::string> labels;
  bool teardown = false;
  bool no_kernel_names = false;
  bool insecure_plaintext = false;
};

constexpr const char* kFooter = R"(Example:
  fairlead-agent --join 192.168.77.1:7400 --token-file /etc/fairlead/token \
    --state-dir /var/lib/fairlead/node --run-dir /run/fairlead/node --images-dir /var/lib/fairlead/images --uplink eth0

SIGTERM ends the agent only: pods run on, traffic flows on, and the next agent adopts them.
--teardown removes everything of this node instead: pods, links, BPF programs and tables, the nftables
table, cgroups, and the state and run folders.)";

void declare(CLI::App& app, CommandLine& line) {
  app.add_option("--name", line.name, "this node's name, unique in the cluster (default: the host's)");
  app.add_option("--cluster", line.cluster, "the cluster's id")->capture_default_str();
  app.add_option("--state-dir", line.state_dir, "folder that survives a reboot")
      ->default_val("/var/lib/fairlead/node");
  app.add_option("--run-dir", line.run_dir, "folder that need not")->default_val("/run/fairlead/node");
  app.add_option("--images-dir", line.images_dir, "folder of OCI layouts")
      ->default_val("/var/lib/fairlead/images");
  app.add_option("--address", line.address, "this node's address on the underlay (default: the uplink's)");
  app.add_option("--join", line.join, "control's ADDRESS:PORT");
  app.add_option("--token-file", line.token_file, "file with the cluster's token");
  app.add_option("--uplink", line.uplink, "the link towards the other nodes")->capture_default_str();
  app.add_option("--cpu", line.cpu, "cores to offer (default: all)");
  app.add_option("--memory", line.memory, "memory to offer, for example 4GiB (default: all)");
  app.add_option("--max-pods", line.max_pods, "pods at most")->capture_default_str();
  app.add_option("--label", line.labels, "KEY=VALUE, for `place: {nodes: ...}`; may be given again");
  app.add_option("--log-level", line.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_flag(net::kPlaintextFlag, line.insecure_plaintext,
               "send the token to control beyond loopback without TLS");
  app.add_flag("--no-kernel-names", line.no_kernel_names,
               "leave all questions for names to this agent's server: none is answered in the kernel");
  app.add_flag("--teardown", line.teardown, "remove everything of this node and exit")->configurable(false);
  app.set_config("--config", "", "file with these options, one NAME = VALUE per line");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.footer(kFooter);
}

Result<std::uint64_t> parse_memory(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) number = 0;
  const std::string unit(end, text.data() + text.size());
  const unsigned shift = unit == "KiB"   ? 10
                         : unit == "MiB" ? 20
                         : unit == "GiB" ? 30
                         : unit == "TiB" ? 40
                                         : 0;
  if (number == 0 || (shift == 0 && !unit.empty()) || number > (std::uint64_t{1} << 50U >> shift))
    return fail(Code::invalid, "--memory " + text, "is not a size", "for example 512MiB or 4GiB");
  return number << shift;
}

std::uint64_t memory_of_machine() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

Result<net::ServerAddress> control_of(const CommandLine& line) {
  auto control = net::control_address(line.join, line.token_file, line.insecure_plaintext);
  if (!control) return std::unexpected(std::move(control).error().within("--join"));
  return control;
}

Result<Labels> labels_of(const std::vector<std::string>& texts) {
  Labels labels;
  for (const std::string& text : texts) {
    const auto at = text.find('=');
    if (at == 0 || at == std::string::npos) return fail(Code::invalid, "--label " + text, "is not KEY=VALUE");
    labels[text.substr(0, at)] = text.substr(at + 1);
  }
  return labels;
}

Result<AgentOptions> options_of(CommandLine line) {
  AgentOptions options;
  if (line.name.empty()) {
    FL_TRY(line.name, default_node_name());
  }
  FL_TRY_OK(runtime::check_name("node", line.name));
  FL_TRY_OK(runtime::check_name("cluster", line.cluster));
  options.paths =
      runtime::NodePaths::make(line.cluster, line.name, line.state_dir, line.run_dir, line.images_dir);
  if (line.teardown) return options;
  FL_TRY(options.control, control_of(line));
  FL_TRY(options.address, line.address.empty() ? default_address(line.uplink, options.control)
                                               : IpAddress::parse(line.address));
  options.uplink = line.uplink;
  if (line.cpu < 0 || line.cpu > 65536)
    return fail(Code::invalid, "--cpu", "is not a number of cores", "for example 4 or 0.5");
  options.cpu_milli = line.cpu > 0 ? static_cast<std::uint32_t>(std::lround(line.cpu * 1000))
                                   : std::max(1U, std::thread::hardware_concurrency()) * 1000;
  options.memory_bytes = memory_of_machine();
  if (!line.memory.empty()) {
    FL_TRY(options.memory_bytes, parse_memory(line.memory));
  }
  options.max_pods = line.max_pods;
  options.names_in_kernel = !line.no_kernel_names;
  FL_TRY(options.labels, labels_of(line.labels));
  return options;
}

int complain(const Error& error, int code) { return fairlead::complain("fairlead-agent", error, code); }

int serve(AgentOptions options) {
  boost::asio::io_context loop(1);
  Result<std::unique_ptr<Agent>> agent = Agent::open(loop, std::move(options));
  if (!agent) return complain(agent.error(), 1);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) (*agent)->stop();
  });
  (*agent)->start();
  loop.run();
  log::info("the agent ends, pods go on");
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("fairlead-agent: runs the pods of one node and the node's dataplane", "fairlead-agent");
  CommandLine line;
  declare(app, line);
  if (const auto done = parse_line(app, argc, argv)) return *done;
  const Result<log::Level> level = log::parse_level(line.log_level);
  if (!level) return complain(level.error(), 2);
  log::set_level(*level);
  Result<AgentOptions> options = options_of(line);
  if (!options) return complain(options.error(), 2);
  if (!line.teardown) return serve(std::move(*options));
  const Result<> gone = tear_down(options->paths);
  return gone ? 0 : complain(gone.error(), 1);
}

}  // namespace
}  // namespace fairlead::agent

int main(int argc, char** argv) {
  fairlead::keep_heap_small();
  std::signal(SIGPIPE, SIG_IGN);
  return fairlead::agent::run(argc, argv);
}
