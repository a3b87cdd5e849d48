// SPDX-License-Identifier: Apache-2.0
#include "bench/lb_xdp/peer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/statfs.h>

#include "base/io/fd.h"

namespace fairlead::bench {
namespace {

constexpr long kBpfFs = 0xcafe4a11;  // BPF_FS_MAGIC of linux/magic.h

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw std::runtime_error(fmt::format("--peer {}: {}", what, why));
}

bool is_pin(const std::string& path) {
  struct statfs about{};
  return ::statfs(path.c_str(), &about) == 0 && about.f_type == kBpfFs;
}

}  // namespace

struct Peer::State {
  Fd pinned;
  bpf_object* object = nullptr;
  int program = -1;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { bpf_object__close(object); }

  void adopt(const std::string& what) {
    pinned = Fd(bpf_obj_get(what.c_str()));
    bpf_prog_info info{};
    std::uint32_t length = sizeof info;
    if (!pinned || bpf_obj_get_info_by_fd(pinned.get(), &info, &length) != 0 ||
        info.type != BPF_PROG_TYPE_XDP)
      refuse(what, "is no program of XDP");
    program = pinned.get();
  }

  void load(const std::string& what, const std::string& maps) {
    const std::size_t colon = what.rfind(':');
    const std::string file = what.substr(0, colon);
    object = bpf_object__open_file(file.c_str(), nullptr);
    if (object == nullptr) refuse(what, fmt::format("cannot be read: {}", std::strerror(errno)));
    bpf_program* chosen = choose(what, colon == std::string::npos ? "" : what.substr(colon + 1));
    if (!maps.empty()) take_maps(what, maps);
    if (bpf_object__load(object) != 0)
      refuse(what, fmt::format("the kernel refuses it: {}. libbpf says why above", std::strerror(errno)));
    program = bpf_program__fd(chosen);
  }

  // The one program of XDP, or that of the name; the others are not loaded.
  bpf_program* choose(const std::string& what, const std::string& name) {
    bpf_program *each = nullptr, *chosen = nullptr;
    bpf_object__for_each_program(each, object) {
      const bool wanted =
          bpf_program__type(each) == BPF_PROG_TYPE_XDP && (name.empty() || name == bpf_program__name(each));
      if (wanted && chosen != nullptr) refuse(what, "has several programs of XDP; name one: FILE.o:PROGRAM");
      if (wanted) chosen = each;
      bpf_program__set_autoload(each, wanted);
    }
    if (chosen == nullptr)
      refuse(what, name.empty() ? "has no program of XDP" : "has no program of XDP so named");
    return chosen;
  }

  void take_maps(const std::string& what, const std::string& maps) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
      const std::filesystem::path pin = std::filesystem::path(maps) / bpf_map__name(map);
      if (!std::filesystem::exists(pin)) continue;
      const Fd fd(bpf_obj_get(pin.c_str()));
      if (!fd || bpf_map__reuse_fd(map, fd.get()) != 0)
        refuse(what, fmt::format("its map {} cannot be {}: {}", bpf_map__name(map), pin.string(),
                                 std::strerror(errno)));
    }
  }
};

Peer::Peer(const std::string& what, const std::string& maps) : state_(std::make_unique<State>()) {
  if (is_pin(what))
    state_->adopt(what);
  else
    state_->load(what, maps);
}
Peer::~Peer() = default;

int Peer::program() const { return state_->program; }

}  // namespace fairlead::bench
