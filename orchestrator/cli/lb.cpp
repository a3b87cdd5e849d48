// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/lb.h"

#include <cstdio>
#include <thread>

#include "base/io/clock.h"
#include "control/document/value.h"
#include "dataplane/lb/api/fields.h"
#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {
namespace {

namespace api = lb::api;

constexpr Millis kPause{500};

Outcome<net::ServerAddress> edge_of(const LbOptions& options) {
  FL_TRY(net::ServerAddress edge, named(net::ServerAddress::parse(options.lb)));
  if (!edge.socket.empty()) return edge;
  if (Result<> may = net::check_plaintext(edge, options.insecure_plaintext); !may)
    return std::unexpected(Failure({std::move(may).error().within("--lb")}, kUsage));
  if (!options.token_file.empty()) {
    FL_TRY(edge.token, named(net::read_token(options.token_file)));
  }
  return edge;
}

Outcome<std::string> ask(const LbOptions& options, net::ClientCall call) {
  FL_TRY(const net::ServerAddress edge, edge_of(options));
  const auto response = net::call(edge, call);
  if (!response) {
    Error error = response.error();
    error.remedy = "is fairlead-lb running? Its socket is named by --lb";
    return std::unexpected(Failure({std::move(error)}, kUnreachable));
  }
  if (response->status >= 400) return std::unexpected(Failure(net::error_of(*response, call.target)));
  return response->body;
}

net::ClientCall get(const char* path, const net::Query& query = {}) {
  net::ClientCall call;
  call.target = net::format_target(path, query);
  return call;
}

// Prints the answer for programs, or gives it to `show`.
template <class T, class F>
Outcome<> answer(const LbOptions& options, net::ClientCall call, const F& show) {
  FL_TRY(const std::string body, ask(options, std::move(call)));
  if (options.output != "table") {
    print_answer(body, options.output);
    return {};
  }
  FL_TRY(const T told, understood(api::from_json<T>(body)));
  show(told);
  return {};
}

void print(const Table& table) { std::fputs(table.text().c_str(), stdout); }

std::string number(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}
std::string percent(double part) { return number(100 * part, 1) + "%"; }

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void print_drops(const std::vector<api::Drop>& drops) {
  if (drops.empty()) return;
  Table table{{"DROPPED", "PACKETS", "LAST", "MEANING"}, {}};
  for (const api::Drop& drop : drops)
    table.rows.push_back({drop.reason, std::to_string(drop.packets), drop.last, drop.meaning});
  std::puts("");
  print(table);
}

void show_status(const api::Status& status) {
  std::string ports;
  for (const api::Port& port : status.ports)
    ports += (ports.empty() ? "" : ", ") + port.name + " " + port.mode;
  std::printf("%s on %s, %s, for %s\n", status.engine.c_str(), printable(ports).c_str(),
              printable(status.config).c_str(), format_age(status.since, wall_now()).c_str());
  std::printf("%u of %u flows remembered", status.remembered, status.flows);
  if (status.unremembered > 0)
    std::printf("; %llu packets of others found no room",
                static_cast<unsigned long long>(status.unremembered));
  std::puts("");
  if (!status.control.empty()) std::printf("control %s\n", printable(status.control).c_str());
  if (!status.reload_error.empty()) std::printf("NOT IN USE: %s\n", printable(status.reload_error).c_str());
  std::puts("");
  Table table{{"SERVICE", "ADDRESSES", "PORTS", "DELIVER", "SERVERS", "RING", "CHANGED", "CONN/S", "WHY"},
              {}};
  for (const api::ServiceStatus& s : status.services)
    table.rows.push_back({s.name, join(s.addresses), join(s.ports), s.deliver,
                          std::to_string(s.in_ring) + "/" + std::to_string(s.servers),
                          std::to_string(s.slots),
                          s.slots == 0 ? "-" : percent(static_cast<double>(s.changed) / s.slots),
                          number(s.new_flows, 1), s.why});
  print(table);
  print_drops(status.drops);
}

void show_backends(const api::Backends& backends) {
  Table table{{"SERVICE", "BACKEND", "STATE", "WEIGHT", "FLOWS", "CONN/S", "SHARE", "SERVED", "WHY"}, {}};
  for (const api::Backend& b : backends.items)
    table.rows.push_back({b.service, format(b.address), b.state, std::to_string(b.weight),
                          std::to_string(b.flows), number(b.rate, 1), percent(b.share), percent(b.served),
                          b.why});
  print(table);
}

void show_flows(const api::Flows& flows) {
  std::printf("%llu of %llu flows remembered\n\n", static_cast<unsigned long long>(flows.taken),
              static_cast<unsigned long long>(flows.room));
  Table table{{"SERVICE", "BACKEND", "ESTABLISHED", "DATAGRAMS", "ONE-PACKET", "ENDING"}, {}};
  for (const api::FlowCount& f : flows.items)
    table.rows.push_back({f.service, format(f.address), std::to_string(f.established),
                          std::to_string(f.datagrams), std::to_string(f.one_packet),
                          std::to_string(f.ending)});
  print(table);
}

void show_why(const api::Why& why) {
  std::printf("%s\n", why.packet.c_str());
  Table table{{"LOOK-UP", "FOUND", "WHY"}, {}};
  for (const api::Line& line : why.lines) table.rows.push_back({line.look, line.found, line.why});
  print(table);
  if (!why.server.empty()) std::printf("-> %s of %s\n", why.server.c_str(), why.service.c_str());
}

void show_pipeline(const api::Pipeline& pipeline) {
  Table table{{"STEP", "PACKETS"}, {}};
  const bool cycles = !pipeline.stages.empty() && pipeline.stages.front().cycles > 0;
  if (cycles) table.header.emplace_back("CYCLES/PACKET");
  for (const api::Stage& stage : pipeline.stages) {
    table.rows.push_back({stage.name, std::to_string(stage.packets)});
    if (cycles && stage.packets > 0)
      table.rows.back().push_back(
          number(static_cast<double>(stage.cycles) / static_cast<double>(stage.packets), 0));
  }
  print(table);
  print_drops(pipeline.drops);
}

void show_events(const api::Events& events, bool first) {
  Table table{{"AGE", "WHAT", "OBJECT", "WHY"}, {}};
  if (!first) table.header.clear();
  for (const api::Event& e : events.items)
    table.rows.push_back({format_age(e.at, wall_now()), e.what, e.object, e.why});
  print(table);
}

net::Query of_service(const LbOptions& options) {
  net::Query query;
  if (!options.service.empty()) query["service"] = options.service;
  return query;
}

}  // namespace

Outcome<> lb_status(const LbOptions& o) { return answer<api::Status>(o, get("/v1/lb/status"), show_status); }
Outcome<> lb_backends(const LbOptions& o) {
  return answer<api::Backends>(o, get("/v1/lb/backends", of_service(o)), show_backends);
}
Outcome<> lb_flows(const LbOptions& o) {
  return answer<api::Flows>(o, get("/v1/lb/flows", of_service(o)), show_flows);
}
Outcome<> lb_pipeline(const LbOptions& o) {
  return answer<api::Pipeline>(o, get("/v1/lb/pipeline"), show_pipeline);
}

// While it follows, JSON is one list for each time that something happened, as of fairlead events.
Outcome<> lb_events(const LbOptions& o) {
  std::uint64_t seq = 0;
  for (bool first = true;; first = false) {
    FL_TRY(const std::string body, ask(o, get("/v1/lb/events")));
    FL_TRY(api::Events all, understood(api::from_json<api::Events>(body)));
    const api::Events now = api::behind(std::move(all), seq);
    if (first || !now.items.empty()) {
      if (o.output == "table")
        show_events(now, first);
      else
        print_answer(api::to_json(now), o.output);
    }
    if (!o.follow) return {};
    std::fflush(stdout);
    std::this_thread::sleep_for(kPause);
  }
}

Outcome<> lb_drain(const LbOptions& o) {
  net::ClientCall call = get("/v1/lb/drain");
  call.method = net::Method::post;
  call.body = "{\"service\":" + document::json_string(o.service) +
              ",\"server\":" + document::json_string(o.server) +
              ",\"drained\":" + (o.undo ? "false" : "true") + "}";
  return answer<api::Backends>(o, std::move(call), show_backends);
}

Outcome<> lb_why(const LbOptions& o) {
  if (o.packet.size() != 5)
    return std::unexpected(
        Failure({Error{Code::invalid, "the packet", "is not PROTOCOL SOURCE PORT DESTINATION PORT",
                       "write it as in: fairlead lb why tcp 203.0.113.9 40000 198.51.100.1 80"}},
                kUsage));
  net::Query query{{"protocol", o.packet[0]},
                   {"source", o.packet[1]},
                   {"source_port", o.packet[2]},
                   {"destination", o.packet[3]},
                   {"destination_port", o.packet[4]}};
  if (o.syn) query["syn"] = "true";
  if (o.icmp_error) query["icmp_error"] = "true";
  if (!o.fragment.empty()) query["fragment"] = o.fragment;
  return answer<api::Why>(o, get("/v1/lb/why", query), show_why);
}

}  // namespace fairlead::cli
