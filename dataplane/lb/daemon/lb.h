// SPDX-License-Identifier: Apache-2.0
// Lb: an edge at work. Events (the file or control, probes, next hops, commands, time)
// go through core/step.h; what comes out is on the disk before it is in the tables.
// Its end leaves XDP's data path as it is. One loop's thread.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>

#include "control/net/server.h"
#include "dataplane/lb/api/answers.h"
#include "dataplane/lb/cluster/source.h"
#include "dataplane/lb/core/step.h"
#include "dataplane/lb/daemon/rates.h"
#include "dataplane/lb/daemon/state_file.h"
#include "dataplane/lb/daemon/tables.h"
#include "dataplane/lb/engine/engine.h"
#include "dataplane/lb/health/prober.h"
#include "dataplane/lb/net/next_hops.h"

namespace fairlead::lb {

struct LbOptions {
  std::filesystem::path config;
  std::filesystem::path state_dir;
  std::string name = "lb";
  bool fresh = false;                     // flows of before may move
  std::optional<ClusterOptions> cluster;  // whose control gives the services; none: the file does
  net::ServerOptions net;
};

// The file's value, or every mistake in it, one line each.
Result<Config> read_config(const std::filesystem::path& path, Services services);

class Lb {
 public:
  static Result<std::unique_ptr<Lb>> open(net::asio::any_io_executor executor, LbOptions options);
  ~Lb();

  void start();
  void reload();  // the file; a mistake in it leaves all as it is
  net::Task<> stop();
  bool forwards_on() const { return engine_->outlives_process(); }  // behind its end

  // What the API shows (answers.cpp).
  api::Status status() const;
  Result<api::Backends> backends(const std::string& service) const;
  Result<api::Flows> flows(const std::string& service) const;
  api::Pipeline pipeline() const;
  api::Events events() const;
  Result<api::Why> why(const net::Query& query) const;
  std::string metrics() const;
  Result<> drain(const std::string& service, const std::string& server, bool drained);

 private:
  Lb(net::asio::any_io_executor executor, LbOptions options, Config config, StateFile file);
  Result<> begin(const std::optional<Saved>& saved);
  void begin_in_cluster(const std::optional<Saved>& saved);
  void take(ClusterNews news);
  Result<> send(const Event& event);  // and publishes soon
  Result<> publish();
  Result<> save();
  void publish_soon();
  void tell(const std::vector<Told>& told);
  void tell(std::string what, std::string object, std::string why);
  void watch();
  void probe();
  std::optional<ProbeTarget> probe_of(const Service& service, const Server& server) const;
  ProbeResult judge(const ProbeTarget& target, ProbeResult result) const;
  void add_routes();
  void tick();
  void look_for_links();
  void look_for_quiet();
  static net::Task<> stop_on(Lb* self);
  static net::Task<> tick_on(Lb* self);
  static net::Task<> publish_later(Lb* self);
  std::vector<api::Drop> drops() const;
  api::ServiceStatus status_of(const Service& service) const;
  std::string name_of(std::uint32_t service) const;

  net::asio::any_io_executor executor_;
  LbOptions options_;
  StateFile file_;
  State state_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<NextHops> hops_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<ClusterSource> source_;
  Rates rates_;
  net::Router router_;
  std::unique_ptr<net::Server> server_;
  net::TaskGroup tasks_;
  std::deque<api::Event> events_;
  std::uint64_t told_ = 0;  // events since the start
  WallTime since_{};
  MonoTime saved_at_{}, looked_at_{};
  std::vector<std::string> lost_;  // links of the file that are gone
  std::string reload_error_, publish_error_, control_refused_;
  bool publish_posted_ = false;
  bool behind_ = false;     // the tables are not what the state says yet
  bool unknowing_ = false;  // neither control nor the state file has said anything: the tables stay
  bool asks_ = false;       // in a cluster: control has said whom to probe
  Revision due_;            // that the state is of
};

}  // namespace fairlead::lb
