// SPDX-License-Identifier: Apache-2.0
// fairlead-dns: the name server of fairlead-agent alone, with records from files.
// Reads them, answers until SIGTERM or SIGINT, reads them again at SIGHUP.
// Exit codes: 0 stopped when asked, or --check found no mistake; 1 could not start, or a mistake; 2 wrong
// flags.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <functional>

#include "base/io/command_line.h"
#include "base/io/file.h"
#include "base/io/log.h"
#include "control/dns/server/server.h"
#include "control/dns/zone/master.h"

namespace fairlead::dns {
namespace {

constexpr std::size_t kMaxFileOctets = 256U << 20;

struct Flags {
  std::vector<std::string> records;
  std::vector<std::string> listen{"127.0.0.1", "::1"};
  std::uint16_t port = kPort;
  bool check = false;
  std::string log_level = "info";
};

constexpr const char* kFooter = R"(Example:
  fairlead-dns --records example.zone --listen 127.0.0.1 --port 5353 &
  dig @127.0.0.1 -p 5353 www.example. AAAA

example.zone, as RFC 1035 writes records:
  $TTL 60
  $ORIGIN example.
  @     SOA  ns admin 1 7200 900 86400 60
  www   A    192.0.2.1
        AAAA 2001:db8::1

SIGHUP reads the files again; a mistake leaves the records as they are, and the log says where it is.)";

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--records", flags.records, "file of records; several make one set")->required();
  app.add_option("--listen", flags.listen, "address to answer on, by UDP and TCP; several may be given")
      ->capture_default_str();
  app.add_option("--port", flags.port, "port of each address")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  app.add_flag("--check", flags.check,
               "only read the files, say what is in them or wrong with them, and end");
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")->capture_default_str();
  app.footer(kFooter);
}

Result<std::shared_ptr<const Zone>> read_records(const std::vector<std::string>& paths) {
  std::vector<MasterFile> files;
  for (const std::string& path : paths) {
    auto text = read_file(path, kMaxFileOctets);
    if (!text) return std::unexpected(std::move(text.error()).within("--records"));
    files.push_back({path, std::move(*text)});
  }
  FL_TRY(Content content, parse_master(files));
  FL_TRY(Zone zone, Zone::build(std::move(content)));
  return std::make_shared<const Zone>(std::move(zone));
}

void tell(std::string_view what, const Zone& zone) {
  log::info(what, {{"zones", std::to_string(zone.content().zones().size())},
                   {"names", std::to_string(zone.names())},
                   {"serial", std::to_string(zone.revision().value)}});
}

// Until a signal that ends.
void serve(boost::asio::io_context& loop, Server& server, const Flags& flags) {
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT, SIGHUP);
  const std::function<void(const boost::system::error_code&, int)> heard =
      [&](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGHUP) return loop.stop();
        if (const auto zone = read_records(flags.records)) {
          server.publish(*zone);
          tell("the records are read again", **zone);
        } else {
          log::error("the records stay as they were", {{"error", format(zone.error())}});
        }
        signals.async_wait(heard);
      };
  signals.async_wait(heard);
  loop.run();
}

Result<> run(const Flags& flags) {
  FL_TRY(const log::Level level, log::parse_level(flags.log_level));
  log::set_level(level);
  FL_TRY(const std::shared_ptr<const Zone> zone, read_records(flags.records));
  if (flags.check) {
    std::printf("%zu zones, %zu names\n", zone->content().zones().size(), zone->names());
    return {};
  }
  std::vector<IpAddress> addresses;
  for (const std::string& text : flags.listen) {
    FL_TRY(const IpAddress address, IpAddress::parse(text));
    addresses.push_back(address);
  }
  boost::asio::io_context loop(1);
  FL_TRY(Server server, Server::open(loop, addresses, {.port = flags.port}));
  server.publish(zone);
  tell("fairlead-dns is ready", *zone);
  serve(loop, server, flags);
  const Counters counts = server.counters();
  log::info("stopping", {{"queries", std::to_string(counts.queries)},
                         {"noerror", std::to_string(counts.noerror)},
                         {"nxdomain", std::to_string(counts.nxdomain)},
                         {"refused", std::to_string(counts.refused)},
                         {"formerr", std::to_string(counts.formerr)}});
  return {};
}

}  // namespace
}  // namespace fairlead::dns

int main(int argc, char** argv) {
  CLI::App app("A name server for records in files: the one of Fairlead's nodes, alone.", "fairlead-dns");
  fairlead::dns::Flags flags;
  fairlead::dns::declare(app, flags);
  if (const auto done = fairlead::parse_line(app, argc, argv)) return *done;
  std::signal(SIGPIPE, SIG_IGN);
  const fairlead::Result<> done = fairlead::dns::run(flags);
  return done ? 0 : fairlead::complain("fairlead-dns", done.error(), 1);
}
