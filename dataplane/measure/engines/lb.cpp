// SPDX-License-Identifier: Apache-2.0
// fairlead-lb itself, as its users run it: by XDP on a veth in the driver's mode, or by DPDK's net_af_packet.
// A daemon on DPDK polls, so it is stopped while others are measured: it would have a CPU to itself.
#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <csignal>
#include <linux/bpf.h>
#include <net/if.h>
#include <thread>
#include <utility>

#include "base/io/clock.h"
#include "base/io/file.h"
#include "control/net/client.h"
#include "dataplane/lb/api/fields.h"
#include "dataplane/measure/engines/engine.h"
#include "dataplane/measure/nets/program.h"
#include "ebpf/loader/links.h"

namespace fairlead::measure {
namespace {

constexpr Millis kReady{10000};

// A veth takes what a native program sends only where its other side runs one, too.
Result<Fd> pass_on(const Space& space, const std::string& link) {
  const bpf_insn program[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = XDP_PASS},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const Fd loaded(
      bpf_prog_load(BPF_PROG_TYPE_XDP, "bench_pass", "GPL", program, std::size(program), nullptr));
  if (!loaded) return std::unexpected(os_error(errno, "an XDP program"));
  Fd link_fd;
  FL_TRY_OK(space.inside([&]() -> Result<> {
    FL_TRY(link_fd,
           ebpf::attach_xdp(loaded.get(), ::if_nametoindex(link.c_str()), ebpf::XdpMode::native, {}));
    return {};
  }));
  return link_fd;
}

constexpr const char* kOnXdp = "interfaces: [eth0]\nmode: native\n";
constexpr const char* kOnDpdk =
    "engine: dpdk\ndpdk:\n  devices:\n    - net_af_packet0,iface=eth0\nflows: 1048576\n";

std::string services_of(const House& house, unsigned edge) {
  const std::string port = std::to_string(kPort);
  std::string servers;
  for (std::size_t i = 0; i < house.servers().size(); ++i)
    servers += (i == 0 ? "" : ", ") + format(house.server(i));
  return "services:\n  - name: bench\n    addresses: [" + format(House::service(edge)) +
         "]\n    ports: [tcp/" + port + ", udp/" + port + "]\n    deliver: l2\n    servers: [" + servers +
         "]\n";
}

class Edge final : public Engine {
 public:
  Edge(Space space, std::string name, const std::string& folder)
      : space_(std::move(space)), name_(std::move(name)), file_(folder + "/" + name_) {}

  Result<> start(const std::string& config, unsigned servers) {
    FL_TRY(const std::string program, find_program("fairlead-lb", "fairlead-lb"));
    FL_TRY_OK(replace_file(file_ + ".yaml", config));
    const std::vector<std::string> argv{program,          "--config",       file_ + ".yaml",
                                        "--state-dir",    file_ + ".state", "--name",
                                        "bench-" + name_, "--socket",       socket()};
    daemon_ = std::make_unique<Program>(space_, argv);
    for (const MonoTime limit = mono_now() + kReady; mono_now() < limit && daemon_->running();) {
      const auto backends = ask<lb::api::Backends>("/v1/lb/backends");
      if (backends && std::ranges::count(backends->items, "unchecked", &lb::api::Backend::state) == servers)
        return {};
      std::this_thread::sleep_for(Millis(20));
    }
    return std::unexpected(daemon_->error("is not ready"));
  }

  Result<Told> told() override {
    FL_TRY(const auto backends, ask<lb::api::Backends>("/v1/lb/backends"));
    FL_TRY(const auto status, ask<lb::api::Status>("/v1/lb/status"));
    Told told;
    for (const lb::api::Backend& backend : backends.items) told.packets += backend.packets;
    for (const lb::api::Drop& drop : status.drops) {
      told.drops[drop.reason] = drop.packets;
      told.meanings[drop.reason] = drop.meaning;
    }
    return told;
  }

  void rest(bool resting) override {
    if (polls() && std::exchange(resting_, resting) != resting)
      signal_all(space_, resting ? SIGSTOP : SIGCONT);
  }

  std::vector<int> programs() const override {
    return program_ ? std::vector<int>{program_.get()} : std::vector<int>{};
  }

  Result<> find_program_of_link() {
    return space_.inside([&]() -> Result<> {
      std::uint32_t id = 0;
      if (const int problem = bpf_xdp_query_id(static_cast<int>(::if_nametoindex("eth0")), 0, &id);
          problem != 0)
        return std::unexpected(os_error(-problem, "the edge's XDP program"));
      program_ = Fd(bpf_prog_get_fd_by_id(id));
      return program_ ? Result<>() : std::unexpected(os_error(errno, "the edge's XDP program"));
    });
  }

  const Space& space() const { return space_; }
  void keep(Fd pass) { pass_ = std::move(pass); }

 private:
  template <class T>
  Result<T> ask(const char* path) const {
    net::ServerAddress address;
    address.socket = socket();
    net::ClientCall call;
    call.target = path;
    FL_TRY(const std::string body, net::call_for_body(address, call));
    return lb::api::from_json<T>(body);
  }

  bool polls() const { return name_ == "dpdk"; }
  std::string socket() const { return file_ + ".sock"; }

  Space space_;
  std::string name_, file_;
  bool resting_ = false;
  Fd pass_, program_;
  std::unique_ptr<Program> daemon_;
};

struct Begun {
  std::unique_ptr<Edge> edge;
  std::string port;  // of the bridge
};
Result<Begun> begin(House& house, unsigned number, const std::string& name, const std::string& folder) {
  FL_TRY(Space space, house.add_edge(number));
  return Begun{std::make_unique<Edge>(std::move(space), name, folder), "edge" + std::to_string(number)};
}

Result<Way> ready(const House& house, unsigned number, const std::string& config,
                  std::unique_ptr<Edge> edge) {
  FL_TRY_OK(edge->start(config + services_of(house, number), static_cast<unsigned>(house.servers().size())));
  if (config == kOnXdp) FL_TRY_OK(edge->find_program_of_link());
  Way way{.name = "", .baseline = "direct", .about = "", .to = House::service(number)};
  way.counts = "packets to servers, by fairlead-lb";
  way.spaces = {edge->space().inode()};
  way.engine = std::move(edge);
  return way;
}

}  // namespace

Result<Way> make_xdp(House& house, unsigned number, const std::string& folder) {
  FL_TRY(Begun begun, begin(house, number, "xdp", folder));
  FL_TRY(Fd pass, pass_on(house.lan(), begun.port));
  begun.edge->keep(std::move(pass));
  FL_TRY_OK(house.lan().sh("ethtool -K " + begun.port + " gro on >/dev/null"));
  FL_TRY(Way way, ready(house, number, kOnXdp, std::move(begun.edge)));
  way.name = "xdp";
  way.about = "fairlead-lb, XDP in the veth's driver, l2 delivery, servers answer directly (DSR)";
  return way;
}

Result<Way> make_dpdk(House& house, unsigned number, const std::string& folder) {
  FL_TRY(Begun begun, begin(house, number, "dpdk", folder));
  FL_TRY(Way way, ready(house, number, kOnDpdk, std::move(begun.edge)));
  way.name = "dpdk";
  way.about =
      "fairlead-lb on DPDK, net_af_packet on the veth, one worker that polls: its CPU is that of a core, "
      "whatever the "
      "load; l2 delivery, servers answer directly (DSR)";
  return way;
}

}  // namespace fairlead::measure
