// SPDX-License-Identifier: Apache-2.0
#include "bench/first_packet/bare.h"

#include <fstream>
#include <stdexcept>

#include "bench/first_packet/request.h"
#include "bench/support/cluster.h"
#include "bench/support/run.h"
#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/container/bundle.h"
#include "orchestrator/runtime/layer/rootfs.h"
#include "orchestrator/runtime/network/link.h"
#include "orchestrator/runtime/network/netns.h"
#include "orchestrator/runtime/pod.h"

namespace fairlead::bench {
namespace {

constexpr MacAddress kGateway{{0x02, 0x66, 0x6c, 0x00, 0x00, 0x01}};
constexpr const char* kContainer = "web";

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(format(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

Bare::Bare(test::NetLab& lab, const std::string& cluster, const std::string& image)
    : lab_(lab),
      paths_(runtime::NodePaths::make(cluster, "bare", lab.scratch() / "bare" / "state",
                                      lab.scratch() / "bare" / "run", Cluster::images())),
      image_name_(image) {
  must(runtime::make_folders(paths_));
  image_ = must(runtime::prepare_image(paths_, image));
  lab_.add("bare");
  lab_.sh("bare", "ip addr add 10.77.255.1/32 dev lo");
}

Bare::~Bare() {
  [[maybe_unused]] const Result<> removed = runtime::remove_cgroup(paths_.cgroup_parent, true);
}

Bare::Prepared Bare::prepare() {
  const std::string number = std::to_string(++number_ % 200 + 1);
  Prepared made{"bare-" + number, runtime::container_id("bare-" + number, kContainer), "10.77.0." + number};
  const IpAddress address = must(IpAddress::parse(made.address));
  runtime::PodFiles files;
  files.pod_name = made.uid;
  files.ipv4 = address;
  must(runtime::write_pod_files(paths_, made.uid, files));
  must(runtime::create_netns(paths_, made.uid));
  lab_.inside("bare", [&] {
    must(runtime::create_pod_link(paths_, made.uid,
                                  {"bare0", {{2, 0, 0, 0, 9, 9}}, kGateway, 1450, address, {}}));
  });
  lab_.sh("bare", "ip route replace " + made.address + "/32 dev bare0 && ip neigh replace " + made.address +
                      " lladdr 02:00:00:00:09:09 dev bare0");
  must(runtime::mount_rootfs(paths_, made.uid, kContainer, image_.config.diff_ids));
  runtime::BundleInput input;
  input.pod_name = made.uid;
  input.ns = "default";
  input.node = "bare";
  input.ipv4 = address;
  input.container.name = kContainer;
  input.container.image = image_name_;
  input.container.resources = {100, 32U << 20};
  input.image = image_.config;
  input.rootfs = paths_.rootfs(made.uid, kContainer).string();
  input.netns = paths_.netns(made.uid).string();
  input.etc = paths_.pod_etc(made.uid).string();
  input.cgroups_path = paths_.cgroup(made.uid, kContainer);
  input.cgroup_namespace = true;
  std::ofstream(paths_.bundle(made.uid, kContainer) / "config.json") << must(runtime::bundle_json(input));
  return made;
}

double Bare::run() {
  const Prepared prepared = prepare();
  double took = 0;
  lab_.inside("bare", [&] {
    const double began = wall_ns();
    test::Process runc({.argv = {paths_.runc, "--root", paths_.runc_root, "run", "--detach", "--bundle",
                                 paths_.bundle(prepared.uid, kContainer), prepared.id},
                        .netns = lab_.path("bare"),
                        .env = {},
                        .log = lab_.scratch() / "runc.log"});
    request(prepared.address, 8080);
    took = (wall_ns() - began) / 1e6;
    runc.wait();
  });
  remove(prepared);
  return took;
}

void Bare::remove(const Prepared& prepared) {
  test::run({.argv = {paths_.runc, "--root", paths_.runc_root, "delete", "--force", prepared.id},
             .netns = {},
             .env = {},
             .log = {}});
  lab_.inside("bare", [&] { must(runtime::delete_link("bare0")); });
  must(runtime::remove_pod(paths_, prepared.uid));
}

}  // namespace fairlead::bench
