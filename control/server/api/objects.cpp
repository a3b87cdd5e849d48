// SPDX-License-Identifier: Apache-2.0
#include "control/server/api/answers.h"
#include "control/server/api/api.h"
#include "control/server/state/keys.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::server {
namespace {

template <class T>
void add(const Table<T>& table, const std::string& ns, std::vector<Object>& out) {
  for (const auto& [name, object] : table)
    if (ns.empty() || name.first == ns) out.emplace_back(*object);
}

std::vector<Object> objects_of(const Snapshot& snapshot, Kind kind, const std::string& ns) {
  std::vector<Object> out;
  switch (kind) {
    case Kind::namespace_:
      add(snapshot.namespaces, "", out);
      break;
    case Kind::node:
      add(snapshot.nodes, "", out);
      break;
    case Kind::job:
      add(snapshot.jobs, ns, out);
      break;
    case Kind::pod:
      add(snapshot.pods, ns, out);
      break;
    case Kind::service:
      add(snapshot.services, ns, out);
      break;
  }
  return out;
}

template <class T>
Result<Object> one(const Table<T>& table, const plan::ObjectKey& key) {
  if (const auto found = find(table, key.ns, key.name)) return Object(*found);
  return fail(Code::not_found, display_name(key.kind, key.ns, key.name), "does not exist",
              "look with: fairlead get " + std::string(to_string(key.kind)) + "s");
}

Result<Object> object_of(const Snapshot& snapshot, const plan::ObjectKey& key) {
  switch (key.kind) {
    case Kind::namespace_:
      return one(snapshot.namespaces, key);
    case Kind::node:
      return one(snapshot.nodes, key);
    case Kind::job:
      return one(snapshot.jobs, key);
    case Kind::pod:
      return one(snapshot.pods, key);
    case Kind::service:
      return one(snapshot.services, key);
  }
  return fail(Code::not_found, key.name, "is of no known kind");
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
  if (!ns.empty() && !find(cluster_.snapshot().namespaces, "", ns))
    return refuse(
        Error{Code::not_found, "namespace/" + ns, "does not exist", "look with: fairlead get namespaces"});
  return answer(proto::to_json(
      proto::ObjectList{cluster_.snapshot().revision, objects_of(cluster_.snapshot(), *kind, ns)}));
}

net::Response Api::get(const net::Request& request) const {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) return refuse(key.error());
  const Result<Object> object = object_of(cluster_.snapshot(), *key);
  return object ? answer(proto::to_json(*object)) : refuse(object.error());
}

net::Response Api::put(const net::Request& request) {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) return refuse(key.error());
  const Result<Cluster::Call> call = read_call(request);
  if (!call) return refuse(call.error());
  const auto documents = read_documents(request, "request", key->ns.empty() ? kDefaultNamespace : key->ns);
  if (!documents) return refuse(documents.error());
  const std::string name = display_name(key->kind, key->ns, key->name);
  if (documents->size() != 1 || plan::key_of(documents->front().object) != *key)
    return refuse(Error{Code::invalid, name, "the body names " + display_name(documents->front().object),
                        "put one document, that of the path"});
  return answer(cluster_.apply(*documents, *call));
}

net::Response Api::remove(const net::Request& request) {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) return refuse(key.error());
  const Result<Cluster::Call> call = read_call(request);
  if (!call) return refuse(call.error());
  if (key->kind == Kind::node && agents_.is_connected(key->name))
    return refuse(Error{Code::conflict, "node/" + key->name, "its agent is connected",
                        "stop fairlead-agent on " + key->name + " first"});
  return answer(cluster_.remove(*key, *call));
}

net::Response Api::apply(const net::Request& request) {
  const Result<Cluster::Call> call = read_call(request);
  if (!call) return refuse(call.error());
  const auto documents = read_documents(request, parameter(request, "file", "request"),
                                        parameter(request, "namespace", std::string(kDefaultNamespace)));
  if (!documents) return refuse(documents.error());
  return answer(cluster_.apply(*documents, *call));
}

net::Response Api::events(const net::Request& request) const {
  const Result<std::uint64_t> after = read_number(request, "after");
  if (!after) return refuse(after.error());
  const std::string object = parameter(request, "object", "");
  return answer(proto::to_json(proto::EventList{cluster_.state().facts().events.list(object, *after)}));
}

net::Response Api::explain(const net::Request& request) const {
  const Result<plan::ObjectKey> key = read_key(request);
  if (!key) return refuse(key.error());
  const Result<proto::Explanation> found = cluster_.explain(*key);
  if (!found) return refuse(found.error());
  return answer(proto::to_json(*found));
}

}  // namespace fairlead::server
