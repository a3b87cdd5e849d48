// SPDX-License-Identifier: Apache-2.0
#include "base/io/clock.h"
#include "control/server/api/answers.h"
#include "control/server/api/api.h"
#include "control/server/state/durable.h"
#include "control/server/state/keys.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::server {
namespace {

std::vector<Object> objects_of(const Snapshot& snapshot, Kind kind, const std::string& ns) {
  std::vector<Object> out;
  in_table(snapshot, kind, [&](const auto& table) {
    for (const auto& [name, object] : table)
      if (ns.empty() || !in_namespace(kind) || name.first == ns) out.emplace_back(*object);
  });
  return out;
}

Result<Object> object_of(const Snapshot& snapshot, const plan::ObjectKey& key) {
  if (std::optional<Object> found = stored(snapshot, key)) return std::move(*found);
  return fail(Code::not_found, display_name(key.kind, key.ns, key.name), "does not exist",
              "look with: fairlead get " + std::string(to_string(key.kind)) + "s");
}

Checked<std::vector<spec::Parsed>> read_documents(const net::Request& request, std::string_view file,
                                                  std::string_view ns) {
  auto parsed = spec::parse_documents(file, request.body, ns);
  if (parsed) return std::move(*parsed);
  Errors errors;
  for (const spec::Diagnostic& diagnostic : parsed.error()) errors.push_back(document::to_error(diagnostic));
  return std::unexpected(std::move(errors));
}

}  // namespace

net::Response Api::list(const net::Request& request) const {
  const auto kind = parse_kind(request.target.segments.back());
  const std::string ns = parameter(request, "namespace", "");
  if (!ns.empty() && !find(published().namespaces, "", ns))
    return refuse(
        Error{Code::not_found, "namespace/" + ns, "does not exist", "look with: fairlead get namespaces"});
  return answer(proto::to_json(proto::ObjectList{published().revision, objects_of(published(), *kind, ns)}));
}

net::Response Api::get(const net::Request& request) const {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) return refuse(key.error());
  const Result<Object> object = object_of(published(), *key);
  return object ? answer(proto::to_json(*object)) : refuse(object.error());
}

// Acknowledged when it is durable, with all that it led to by then. A refusal waits, too, for what it
// rests on: "does not exist" of a deletion that a crash takes back was never true.
net::Task<net::Response> Api::when_stored(Checked<proto::ApplyResult> result) {
  const State::Ticket own = result ? cluster_.written() : cluster_.state().submitted();
  const Result<> stored = co_await durable(&cluster_.state(), own);
  if (stored) co_return answer(result);
  net::Response refusal = refuse(stored.error());
  if (stored.error().code == Code::exhausted && cluster_.state().stats().read_only)
    refusal.status = 507;  // the disk's space, not the caller's share
  co_return refusal;
}

net::Task<net::Response> Api::put(net::Request request) {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) co_return refuse(key.error());
  const Result<Cluster::Call> call = read_call(request);
  if (!call) co_return refuse(call.error());
  const auto documents = read_documents(request, "request", key->ns.empty() ? kDefaultNamespace : key->ns);
  if (!documents) co_return refuse(documents.error());
  const std::string name = display_name(key->kind, key->ns, key->name);
  if (documents->size() != 1 || plan::key_of(documents->front().object) != *key)
    co_return refuse(Error{Code::invalid, name, "the body names " + display_name(documents->front().object),
                           "put one document, that of the path"});
  const auto result = cluster_.apply(*documents, *call);
  net::Response response = co_await when_stored(result);
  co_return response;
}

net::Task<net::Response> Api::remove(net::Request request) {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) co_return refuse(key.error());
  const Result<Cluster::Call> call = read_call(request);
  if (!call) co_return refuse(call.error());
  if (key->kind == Kind::node && agents_.is_connected(key->name))
    co_return refuse(Error{Code::conflict, "node/" + key->name, "its agent is connected",
                           "stop fairlead-agent on " + key->name + " first"});
  const auto result = cluster_.remove(*key, *call);
  net::Response response = co_await when_stored(result);
  co_return response;
}

net::Task<net::Response> Api::apply(net::Request request) {
  const Result<Cluster::Call> call = read_call(request);
  if (!call) co_return refuse(call.error());
  const auto documents = read_documents(request, parameter(request, "file", "request"),
                                        parameter(request, "namespace", std::string(kDefaultNamespace)));
  if (!documents) co_return refuse(documents.error());
  const auto result = cluster_.apply(*documents, *call);
  net::Response response = co_await when_stored(result);
  co_return response;
}

net::Response Api::events(const net::Request& request) const {
  const Result<std::uint64_t> after = read_number(request, "after");
  const Result<std::uint64_t> limit = read_number(request, "limit");
  const std::string since = parameter(request, "since", "");
  const Result<Millis> age = since.empty() ? Result<Millis>(Millis::max()) : parse_duration(since);
  if (!after) return refuse(after.error());
  if (!limit) return refuse(limit.error());
  if (!age) return refuse(age.error());
  proto::EventList list{cluster_.state().published().events.list(parameter(request, "object", ""), *after)};
  const WallTime now = wall_now();
  std::erase_if(list.events, [&](const proto::Event& event) { return now - event.time > *age; });
  if (*limit != 0 && list.events.size() > *limit)
    list.events.erase(list.events.begin(), list.events.end() - static_cast<std::ptrdiff_t>(*limit));
  return answer(proto::to_json(list));
}

net::Response Api::explain(const net::Request& request) const {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) return refuse(key.error());
  const Result<proto::Explanation> found = cluster_.explain(*key);
  if (!found) return refuse(found.error());
  return answer(proto::to_json(*found));
}

}  // namespace fairlead::server
