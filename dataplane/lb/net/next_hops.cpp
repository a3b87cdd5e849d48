// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/net/next_hops.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "base/io/clock.h"
#include "base/io/log.h"
#include "dataplane/fwd/edge/rows.h"

namespace fairlead::lb {
namespace {

constexpr Millis kConfirm{30000};
constexpr Millis kFirstTries{200};  // while some way is not known yet
constexpr Millis kTogether{20};     // news that come in a row are looked at once

using Neighbours = std::map<std::pair<std::uint32_t, IpAddress>, MacAddress>;

std::string name_of(const std::map<std::uint32_t, LinkInfo>& links, std::uint32_t index) {
  const auto found = links.find(index);
  return found == links.end() ? "link " + std::to_string(index) : found->second.name;
}

}  // namespace

struct NextHops::Events {
  Events(net::asio::any_io_executor on, NetlinkWatch opened)
      : watch(std::move(opened)), descriptor(on, ::dup(watch.fd())) {}
  NetlinkWatch watch;
  net::asio::posix::stream_descriptor descriptor;
};

NextHops::NextHops(std::unique_ptr<Events> events, Netlink netlink, OnFound on_found)
    : events_(std::move(events)), netlink_(std::move(netlink)), on_found_(std::move(on_found)) {}
NextHops::~NextHops() = default;

Result<std::unique_ptr<NextHops>> NextHops::open(net::asio::any_io_executor executor, OnFound on_found) {
  FL_TRY(NetlinkWatch watch, NetlinkWatch::open());
  FL_TRY(Netlink netlink, Netlink::open());
  auto events = std::make_unique<Events>(std::move(executor), std::move(watch));
  return std::unique_ptr<NextHops>(new NextHops(std::move(events), std::move(netlink), std::move(on_found)));
}

void NextHops::watch(std::set<IpAddress> targets) {
  std::erase_if(targets_, [&](const auto& known) { return !targets.contains(known.first); });
  for (const IpAddress& target : targets) targets_.try_emplace(target);
  if (const Result<> looked = look(true); !looked)
    log::warn("the next hops are not known", {{"error", format(looked.error())}});
  events_->descriptor.cancel();  // who waits for news learns that there is more to wait for
}

net::Task<> NextHops::run() { return run_on(this); }

net::Task<> NextHops::run_on(NextHops* self) {
  net::asio::steady_timer timer(co_await net::asio::this_coro::executor);
  MonoTime confirmed = mono_now();
  for (;;) {
    bool waits = false;
    for (const auto& [target, known] : self->targets_) waits |= !known.hop;
    timer.expires_after(waits ? kFirstTries : kConfirm);
    timer.async_wait([self](const boost::system::error_code& error) {
      if (!error) self->events_->descriptor.cancel();
    });
    const auto [error] = co_await self->events_->descriptor.async_wait(
        net::asio::posix::stream_descriptor::wait_read, net::asio::as_tuple(net::asio::use_awaitable));
    timer.cancel();
    if (error && error != net::asio::error::operation_aborted) co_return;
    co_await net::sleep_for(kTogether);
    self->events_->watch.drain();
    const bool ask = mono_now() - confirmed >= kConfirm || waits;
    if (ask) confirmed = mono_now();
    if (const Result<> looked = self->look(ask); !looked)
      log::warn("the next hops are not known", {{"error", format(looked.error())}});
  }
}

Result<> NextHops::look(bool ask) {
  std::map<std::uint32_t, LinkInfo> links;
  FL_TRY(const std::vector<LinkInfo> all, netlink_.links());
  for (const LinkInfo& link : all) links.emplace(link.index, link);
  Neighbours neighbours;
  FL_TRY(const std::vector<Neighbour> known, netlink_.neighbours());
  for (const Neighbour& one : known)
    if (one.valid) neighbours.insert_or_assign({one.link, one.address}, one.mac);
  for (auto& [target, was] : targets_) tell(target, find(target, links, neighbours, ask));
  return {};
}

NextHops::Known NextHops::find(const IpAddress& target, const std::map<std::uint32_t, LinkInfo>& links,
                               const Neighbours& neighbours, bool ask) {
  const auto way = netlink_.way_to(target);
  if (!way) return {{}, format(way.error()), true};
  if (!*way) return {{}, "no route to " + format(target), true};
  if ((*way)->local) return here(target, links);
  const auto link = links.find((*way)->link);
  if (link == links.end() || !link->second.up) return {{}, name_of(links, (*way)->link) + " is down", true};
  const auto port = std::ranges::find(ports_, link->second.name, &PortLink::link);
  if (port == ports_.end())
    return {{}, "its frames leave by " + link->second.name + ", which is no port of this edge: add it", true};
  const IpAddress& hop = (*way)->gateway.is_none() ? target : (*way)->gateway;
  if (ask) (void)netlink_.ask_for_neighbour(link->first, hop);
  const auto mac = neighbours.find({link->first, hop});
  if (mac == neighbours.end()) return {{}, format(hop) + " does not answer on " + link->second.name, true};
  const bool back = ports_.size() == 1;
  const std::uint32_t number = port->number == 0 ? link->first : port->number;
  const std::uint32_t mtu = (*way)->mtu == 0 ? link->second.mtu : std::min((*way)->mtu, link->second.mtu);
  const bool routed = !(*way)->gateway.is_none();
  return {Hop{mac->second, link->second.mac, back ? 0 : number, mtu, (*way)->source, routed}, "", true};
}

// The frame keeps the MAC of the link that has the address, as if it had come for it.
NextHops::Known NextHops::here(const IpAddress& target, const std::map<std::uint32_t, LinkInfo>& links) {
  if (!here_) return {{}, format(target) + " is this machine's own address", true};
  for (const auto& [index, link] : links) {
    if (!is_port(link.name)) continue;
    const auto own = netlink_.addresses(index);
    if (own && std::ranges::find(*own, target) != own->end())
      return {Hop{link.mac, link.mac, FWD_LINK_HERE, 0, target}, "", true};
  }
  return {{}, format(target) + " is this machine's, on no port of this edge: add its link", true};
}

bool NextHops::is_port(const std::string& link) const {
  return std::ranges::find(ports_, link, &PortLink::link) != ports_.end();
}

void NextHops::tell(const IpAddress& target, Known now) {
  Known& known = targets_.at(target);
  // A first question takes a moment: until then nothing is known, which is no answer.
  if (!now.hop && !known.told) {
    known.told = true;
    return;
  }
  if (now == known) return;
  known = now;
  on_found_(target, known.hop, known.why);
}

}  // namespace fairlead::lb
