// SPDX-License-Identifier: Apache-2.0
// fairlead-lb itself, as its users run it, on a veth in the driver's mode.
#include <bpf/bpf.h>
#include <cerrno>
#include <linux/bpf.h>
#include <net/if.h>
#include <thread>

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

std::string config_of(const House& house, unsigned edge) {
  const std::string port = std::to_string(kPort);
  std::string servers;
  for (std::size_t i = 0; i < house.servers().size(); ++i)
    servers += (i == 0 ? "" : ", ") + format(house.server(i));
  return "interfaces: [eth0]\nmode: native\nservices:\n  - name: bench\n    addresses: [" +
         format(House::service(edge)) + "]\n    ports: [tcp/" + port + ", udp/" + port +
         "]\n    deliver: l2\n    servers: [" + servers + "]\n";
}

class Edge final : public Engine {
 public:
  Edge(Space space, Fd pass, std::string socket)
      : space_(std::move(space)), pass_(std::move(pass)), socket_(std::move(socket)) {}

  Result<> start(const std::string& config, const std::string& folder, unsigned servers) {
    FL_TRY(const std::string program, find_program("fairlead-lb", "fairlead-lb"));
    FL_TRY_OK(replace_file(folder + "/lb.yaml", config));
    daemon_ = std::make_unique<Program>(
        space_, std::vector<std::string>{program, "--config", folder + "/lb.yaml", "--state-dir",
                                         folder + "/lb", "--name", "bench", "--socket", socket_});
    for (const MonoTime limit = mono_now() + kReady; mono_now() < limit && daemon_->running();) {
      const auto backends = ask<lb::api::Backends>("/v1/lb/backends");
      if (backends && std::ranges::count(backends->items, "up", &lb::api::Backend::state) == servers)
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

  std::uint64_t space() const { return space_.inode(); }

 private:
  template <class T>
  Result<T> ask(const char* path) const {
    net::ServerAddress address;
    address.socket = socket_;
    net::ClientCall call;
    call.target = path;
    FL_TRY(const std::string body, net::call_for_body(address, call));
    return lb::api::from_json<T>(body);
  }

  Space space_;
  Fd pass_;
  std::string socket_;
  std::unique_ptr<Program> daemon_;
};

}  // namespace

Result<Way> make_xdp(House& house, unsigned number, const std::string& folder) {
  FL_TRY(Space space, house.add_edge(number));
  const std::string port = "edge" + std::to_string(number);
  FL_TRY(Fd pass, pass_on(house.lan(), port));
  FL_TRY_OK(house.lan().sh("ethtool -K " + port + " gro on >/dev/null"));
  auto edge = std::make_unique<Edge>(std::move(space), std::move(pass), folder + "/lb.sock");
  FL_TRY_OK(edge->start(config_of(house, number), folder, static_cast<unsigned>(house.servers().size())));
  Way way{.name = "xdp",
          .baseline = "direct",
          .about = "fairlead-lb, XDP in the veth's driver, l2 delivery, servers answer directly (DSR)",
          .to = House::service(number)};
  way.counts = "packets to servers, by fairlead-lb";
  way.spaces = {edge->space()};
  way.engine = std::move(edge);
  return way;
}

}  // namespace fairlead::measure
