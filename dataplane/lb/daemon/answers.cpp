// SPDX-License-Identifier: Apache-2.0
// What the API shows of an edge, and its routes.
#include <algorithm>

#include "base/io/clock.h"
#include "dataplane/fwd/edge/values.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/lb/api/fields.h"
#include "dataplane/lb/config/scalars.h"
#include "dataplane/lb/daemon/lb.h"
#include "dataplane/lb/why/explain.h"
#include "dataplane/lb/why/tuple.h"
#include "dataplane/model/row_values.h"

namespace fairlead::lb {
namespace {

using net::Method;
using net::Request;
using net::Response;

net::Task<Response> at_once(Response response) { co_return response; }

template <class T>
Response answer_of(const Result<T>& answer) {
  if (!answer) return net::error_response(answer.error());
  return {200, "application/json", api::to_json(*answer) + "\n"};
}

std::string query_of(const net::Query& query, const char* name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::string last_text(const fwd_last_drop& last) {
  if (last.time == 0 || last.family == 0) return "";
  const auto ip = [](const fwd_addr& a) {
    return format(IpAddress{std::bit_cast<std::array<std::uint8_t, 16>>(a)});
  };
  const auto port = [](std::uint16_t be) { return std::to_string(model::to_be16(be)); };
  const std::string protocol = last.proto == 6    ? "tcp "
                               : last.proto == 17 ? "udp "
                                                  : std::to_string(last.proto) + " ";
  return protocol + ip(last.src) + " " + port(last.sport_be) + " > " + ip(last.dst) + " " +
         port(last.dport_be);
}

double part(double one, double all) { return all > 0 ? one / all : 0; }

struct Drain {
  std::string service, server;
  bool drained = true;
};
template <class V>
void fields(V& v, typename V::template Ref<Drain> o) {
  v.field("service", o.service, document::Text{}, document::Rule::required);
  v.field("server", o.server, document::Text{}, document::Rule::required);
  v.field("drained", o.drained, document::Boolean{}, document::Rule::always);
}

Result<Drain> drain_from(const std::string& body) {
  const auto value = document::parse_json(body);
  if (!value) return std::unexpected(document::to_error(value.error()));
  Drain drain;
  document::Reader reader(document::Reader::Strictness::users);
  reader.read(*value, drain);
  if (!reader.diagnostics().empty()) return std::unexpected(document::to_error(reader.diagnostics().front()));
  return drain;
}

}  // namespace

std::vector<api::Drop> Lb::drops() const {
  std::vector<api::Drop> drops;
  const auto counters = tables_->engine().counters();
  const auto last = tables_->engine().last_drops();
  for (const model::EdgeLoss& loss : tables_->engine().losses())
    if (loss.packets > 0) drops.push_back({loss.name, loss.meaning, loss.packets, 0, ""});
  if (!counters) return drops;
  for (std::uint32_t verdict = FWD_FIRST_DROP; verdict < counters->size(); ++verdict) {
    const fwd_counter& counter = (*counters)[verdict];
    if (counter.packets == 0) continue;
    drops.push_back({std::string(verdict_name(verdict)), std::string(verdict_meaning(verdict)),
                     counter.packets, counter.bytes, last ? last_text((*last)[verdict]) : ""});
  }
  return drops;
}

api::ServiceStatus Lb::status_of(const Service& service) const {
  api::ServiceStatus told;
  told.name = service.config.name;
  for (const IpAddress& address : service.config.addresses) told.addresses.push_back(format(address));
  for (const model::EdgePorts& ports : service.config.ports) told.ports.push_back(format_ports(ports));
  told.deliver = lb::name_of(service.config.deliver);
  told.servers = static_cast<std::uint32_t>(service.servers.size());
  told.in_ring =
      service.history.empty() ? 0 : static_cast<std::uint32_t>(service.history.back().members.size());
  const Tables::Ring ring = tables_->ring_of(service.number);
  told.slots = ring.slots;
  told.changed = ring.changed;
  told.changes = static_cast<std::uint32_t>(service.history.size());
  for (const auto& [address, server] : service.servers)
    told.new_flows += rates_.new_flows(tables_->number_of(service.number, address));
  if (service.all_dead) told.why = "all servers look dead; all are kept";
  if (told.in_ring == 0) told.why = "no server takes connections";
  if (service.full) told.why = "its ring has changed too often and stays as it is";
  return told;
}

api::Status Lb::status() const {
  api::Status told;
  told.engine = tables_->engine().name();
  told.version = FAIRLEAD_VERSION;
  told.config = options_.config.string();
  if (source_)
    told.control = std::string(source_->connected() ? "is heard" : "is away") + ", revision " +
                   std::to_string(due_.value) + (behind_ ? " is not in place yet" : "") +
                   (control_refused_.empty() ? "" : ", ") + control_refused_;
  told.since = since_;
  told.flows = state_.config.flows;
  told.remembered = static_cast<std::uint32_t>(flows("").value_or(api::Flows{}).taken);
  told.unremembered = tables_->unremembered();
  told.reload_error = reload_error_.empty() ? publish_error_ : reload_error_;
  if (const auto ports = tables_->engine().ports())
    for (const model::EdgePort& port : *ports) told.ports.push_back({port.name, port.number, port.mode});
  for (const std::string& link : lost_) told.ports.push_back({link, 0, "gone"});
  for (const auto& [name, service] : state_.services) told.services.push_back(status_of(service));
  told.drops = drops();
  return told;
}

Result<api::Backends> Lb::backends(const std::string& only) const {
  if (!only.empty() && !state_.services.contains(only))
    return fail(Code::not_found, "service " + only, "is not in the file", "see fairlead lb status");
  api::Backends told;
  for (const auto& [name, service] : state_.services) {
    if (!only.empty() && name != only) continue;
    const Tables::Ring ring = tables_->ring_of(service.number);
    const std::size_t first = told.items.size();
    std::uint64_t all_flows = 0;
    for (const auto& [address, server] : service.servers) {
      const std::uint32_t number = tables_->number_of(service.number, address);
      const fwd_edge_served served = tables_->engine().served(number).value_or(fwd_edge_served{});
      const Standing stands = standing(service, server, mono_now());
      const auto owned = ring.owned.find(number);
      all_flows += served.flows;
      told.items.push_back({name, address, std::string(stands.state), server.config.weight, served.flows,
                            served.packets, rates_.new_flows(number),
                            number == 0 || owned == ring.owned.end() ? 0 : part(owned->second, ring.slots), 0,
                            stands.why});
    }
    for (std::size_t i = first; i < told.items.size(); ++i)
      told.items[i].served = part(static_cast<double>(told.items[i].flows), static_cast<double>(all_flows));
  }
  return told;
}

Result<api::Flows> Lb::flows(const std::string& only) const {
  if (!only.empty() && !state_.services.contains(only))
    return fail(Code::not_found, "service " + only, "is not in the file", "see fairlead lb status");
  const auto tick = static_cast<std::uint32_t>(tables_->engine().beat() >> FWD_TICK_SHIFT);
  std::map<std::uint32_t, api::FlowCount> counts;
  api::Flows told;
  const std::span<const fwd_edge_bucket> buckets = tables_->memory().edge_flows;
  told.room = buckets.size() * FWD_BUCKET_FLOWS;
  for (const fwd_edge_bucket& bucket : buckets)
    for (const __u64& at : bucket.flow) {
      const std::uint64_t word = __atomic_load_n(&at, __ATOMIC_RELAXED);
      if (fwd_word_server(word) == 0 || fwd_word_age(word, tick) > fwd_word_limit(word)) continue;
      ++told.taken;
      api::FlowCount& count = counts[fwd_word_server(word)];
      std::uint64_t* const kinds[] = {&count.one_packet, &count.established, &count.datagrams, &count.ending};
      ++*kinds[fwd_word_state(word)];
    }
  for (auto& [number, count] : counts) {
    const auto owner = tables_->owner_of(number);
    if (!owner) continue;  // its server is gone: whoever comes chooses anew
    count.service = name_of(owner->service);
    count.address = owner->server;
    if (only.empty() || count.service == only) told.items.push_back(count);
  }
  return told;
}

api::Pipeline Lb::pipeline() const {
  api::Pipeline told;
  told.engine = tables_->engine().name();
  if (const auto stages = tables_->engine().stages())
    for (const model::EdgeStage& stage : *stages)
      told.stages.push_back({stage.name, stage.packets, stage.cycles.value_or(0)});
  told.drops = drops();
  return told;
}

api::Events Lb::events() const { return {{events_.begin(), events_.end()}}; }

Result<api::Why> Lb::why(const net::Query& query) const {
  FL_TRY(Tuple tuple,
         parse_tuple({query_of(query, "protocol"), query_of(query, "source"), query_of(query, "source_port"),
                      query_of(query, "destination"), query_of(query, "destination_port")}));
  tuple.syn = query_of(query, "syn") == "true";
  tuple.fragment = query_of(query, "fragment");
  tuple.icmp_error = query_of(query, "icmp_error") == "true";
  FL_TRY_OK(check_tuple(tuple));
  const auto ports = tables_->engine().ports();
  const std::uint32_t in_link = ports && !ports->empty() ? ports->front().number : 0;
  const std::uint64_t beat = tables_->engine().beat();
  const DryRun run = dry_run(tables_->memory(), beat, in_link, packet_of(tuple));
  const auto server_name = [this](std::uint32_t number) {
    const auto owner = tables_->owner_of(number);
    return owner ? format(owner->server) : "server " + std::to_string(number);
  };
  api::Why told;
  told.packet = format_tuple(tuple);
  told.verdict = verdict_name(run.verdict);
  if (run.verdict == FWD_TO_BACKEND) {
    told.server = server_name(run.server);
    told.service = name_of(run.context.service);
  }
  const Naming naming{[this](std::uint32_t number) { return name_of(number); }, server_name};
  for (Explained& one : explain(run, beat, naming))
    told.lines.push_back({std::move(one.table), std::move(one.found), std::move(one.why)});
  return told;
}

void Lb::add_routes() {
  const auto get = [&](const char* path, auto function) {
    router_.on(Method::get, path, "get", [function](Request request) { return at_once(function(request)); });
  };
  get("/healthz", [](const Request&) { return Response{200, "text/plain", "ok\n"}; });
  get("/metrics", [this](const Request&) { return Response{200, "text/plain; version=0.0.4", metrics()}; });
  get("/v1/lb/status", [this](const Request&) { return answer_of<api::Status>(status()); });
  get("/v1/lb/backends",
      [this](const Request& r) { return answer_of(backends(query_of(r.target.query, "service"))); });
  get("/v1/lb/flows",
      [this](const Request& r) { return answer_of(flows(query_of(r.target.query, "service"))); });
  get("/v1/lb/pipeline", [this](const Request&) { return answer_of<api::Pipeline>(pipeline()); });
  get("/v1/lb/events", [this](const Request&) { return answer_of<api::Events>(events()); });
  get("/v1/lb/why", [this](const Request& r) { return answer_of(why(r.target.query)); });
  router_.on(Method::post, "/v1/lb/drain", "drain", [this](Request request) {
    const Result<Drain> asked = drain_from(request.body);
    if (!asked) return at_once(net::error_response(asked.error()));
    const Result<> done = drain(asked->service, asked->server, asked->drained);
    if (!done) return at_once(net::error_response(done.error()));
    return at_once(answer_of(backends(asked->service)));
  });
}

}  // namespace fairlead::lb
