// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/network/offload.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <vector>

#include "base/io/fd.h"

namespace fairlead::runtime {
namespace {

// An ethtool command with room behind its head, as the kernel wants them.
template <class Head>
class Command {
 public:
  explicit Command(std::size_t room) : words_((sizeof(Head) + room + 7) / 8) {}
  Head* operator->() { return reinterpret_cast<Head*>(words_.data()); }
  Head* get() { return reinterpret_cast<Head*>(words_.data()); }

 private:
  std::vector<std::uint64_t> words_;
};

class Ethtool {
 public:
  explicit Ethtool(std::string_view link)
      : link_(link), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

  Result<int> call(void* command) {
    ifreq request{};
    if (link_.size() >= sizeof request.ifr_name) return fail(Code::invalid, name(), "name too long");
    std::memcpy(request.ifr_name, link_.data(), link_.size());
    request.ifr_data = static_cast<char*>(command);
    const int answer = ::ioctl(socket_.get(), SIOCETHTOOL, &request);
    if (answer < 0) return std::unexpected(os_error(errno, "features of " + name()));
    return answer;
  }

  struct Feature {
    std::uint32_t number = 0;
    std::uint32_t blocks = 0;  // of all features: the kernel takes them in one piece
  };

  Result<Feature> find(std::string_view feature) {
    Command<ethtool_sset_info> asked(sizeof(std::uint32_t));
    asked->cmd = ETHTOOL_GSSET_INFO;
    asked->sset_mask = 1ULL << ETH_SS_FEATURES;
    FL_TRY_OK(call(asked.get()));
    const std::uint32_t count = asked->data[0];
    Command<ethtool_gstrings> names(std::size_t{count} * ETH_GSTRING_LEN);
    names->cmd = ETHTOOL_GSTRINGS;
    names->string_set = ETH_SS_FEATURES;
    names->len = count;
    FL_TRY_OK(call(names.get()));
    for (std::uint32_t i = 0; i < names->len; ++i) {
      const auto* text = reinterpret_cast<const char*>(names->data + std::size_t{i} * ETH_GSTRING_LEN);
      if (std::string_view(text, ::strnlen(text, ETH_GSTRING_LEN)) == feature)
        return Feature{i, (count + 31) / 32};
    }
    return fail(Code::unsupported, name(), "the kernel knows no feature " + std::string(feature));
  }

  std::string name() const { return "link " + std::string(link_); }

 private:
  std::string_view link_;
  Fd socket_;
};

}  // namespace

Result<> set_feature(std::string_view link, std::string_view feature, bool on) {
  Ethtool ethtool(link);
  FL_TRY(const auto found, ethtool.find(feature));
  const std::uint32_t number = found.number;
  Command<ethtool_sfeatures> wanted(found.blocks * sizeof(ethtool_set_features_block));
  wanted->cmd = ETHTOOL_SFEATURES;
  wanted->size = found.blocks;
  wanted->features[number / 32].valid = 1U << number % 32;
  wanted->features[number / 32].requested = on ? 1U << number % 32 : 0U;
  FL_TRY(const int kept, ethtool.call(wanted.get()));
  if (kept != 0) return fail(Code::unsupported, ethtool.name(), "does not change " + std::string(feature));
  return {};
}

}  // namespace fairlead::runtime
