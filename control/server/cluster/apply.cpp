// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/apply.h"

#include <algorithm>
#include <optional>

#include "control/catalog/network.h"
#include "control/server/state/facts.h"
#include "orchestrator/plan/networks.h"

namespace fairlead::server {
namespace {

// The document with what is the server's taken from the stored object.
struct TakeOver {
  const Object& from;
  void operator()(Job& job) const { job.status = std::get<Job>(from).status; }
  void operator()(Pod& pod) const { pod.status = std::get<Pod>(from).status; }
  void operator()(Node& node) const { node.status = std::get<Node>(from).status; }
  void operator()(Namespace&) const {}
  void operator()(Service&) const {}
  void operator()(Ring&) const {}
  void operator()(Network& network) const { network.index = std::get<Network>(from).index; }
};

Object take_over(Object document, const Object& from) {
  Meta& meta = meta_of(document);
  meta.uid = meta_of(from).uid;
  meta.created = meta_of(from).created;
  meta.revision = meta_of(from).revision;
  std::visit(TakeOver{from}, document);
  return document;
}

std::string_view maker_of(Kind kind) {
  switch (kind) {
    case Kind::pod:
      return "pods are made from their job: apply the job, or delete the pod to have it replaced";
    case Kind::node:
      return "a node is what its agent says: start fairlead-agent there";
    case Kind::service:
      return "a service is made from its job's expose: apply the job";
    case Kind::ring:
      return "a ring is the history of its service's pods: apply the job";
    default:
      return "";
  }
}

class Reading {
 public:
  Reading(const Snapshot& snapshot, const ipam::Leases& leases, const ApplyContext& context)
      : snapshot_(snapshot), leases_(leases), context_(context), after_(snapshot) {}

  Result<> read(const Object& document) {
    const plan::ObjectKey key = plan::key_of(document);
    const std::string name = display_name(document);
    for (const plan::Expectation& other : intent_.unit.expect)
      if (other.key == key) return fail(Code::invalid, name, "is named twice", "keep one of the documents");
    const std::optional<Object> found = stored(snapshot_, key);
    FL_TRY_OK(check_revision(name, meta_of(document).revision, found));
    FL_TRY_OK(check_namespace(name, key));
    if (found && take_over(document, *found) == *found) {
      intent_.unit.expect.push_back({key, meta_of(*found).revision});
      intent_.changes.push_back({"unchanged", name, ""});
      return {};
    }
    if (!maker_of(key.kind).empty())
      return fail(Code::denied, name, found ? "differs from the stored object" : "cannot be applied",
                  std::string(maker_of(key.kind)));
    Object object = found ? take_over(document, *found) : made_new(document);
    FL_TRY_OK(check_networks(object));
    put(std::move(object), name, found);
    return {};
  }

  Intent intent() && { return std::move(intent_); }

 private:
  Result<> check_revision(const std::string& name, Revision wanted,
                          const std::optional<Object>& found) const {
    const Revision is = found ? meta_of(*found).revision : Revision{};
    if (wanted.value != 0 && wanted != is)
      return fail(Code::conflict, name,
                  found
                      ? "is at revision " + std::to_string(is.value) + ", not " + std::to_string(wanted.value)
                      : "does not exist any more",
                  "get it again, or leave out its revision");
    if (context_.expect.value != 0 && is > context_.expect)
      return fail(Code::conflict, name, "changed at revision " + std::to_string(is.value),
                  "plan again: it is newer than the expected " + std::to_string(context_.expect.value));
    return {};
  }

  Result<> check_namespace(const std::string& name, const plan::ObjectKey& key) const {
    if (key.ns.empty() || find(snapshot_.namespaces, "", key.ns)) return {};
    for (const Object& other : intent_.unit.put)
      if (kind_of(other) == Kind::namespace_ && meta_of(other).name == key.ns) return {};
    return fail(Code::not_found, name, "there is no namespace/" + key.ns,
                "apply `kind: Namespace, name: " + key.ns + "` first, or in the same file before it");
  }

  // Also against what stands before it in the same file.
  Result<> check_networks(const Object& object) const {
    if (const auto* network = std::get_if<Network>(&object))
      return plan::check_network(*network, after_, leases_);
    const auto* ns = std::get_if<Namespace>(&object);
    if (ns == nullptr) return {};
    if (!network_of(after_, ns->network))
      return fail(Code::not_found, display_name(object), "there is no network/" + ns->network,
                  "apply `kind: Network, name: " + ns->network + "` first, or in the same file before it");
    return plan::check_namespace(*ns, after_);
  }

  Object made_new(Object document) const {
    Meta& meta = meta_of(document);
    meta.uid = context_.uid();
    meta.created = context_.now;
    meta.revision = {};
    if (auto* job = std::get_if<Job>(&document)) job->status = {};
    if (auto* network = std::get_if<Network>(&document)) network->index = plan::next_index(after_);
    return document;
  }

  static std::string detail_of(const Object& object, const std::optional<Object>& before) {
    const auto* network = std::get_if<Network>(&object);
    if (network == nullptr || !before) return "";
    return plan::describe_change(std::get<Network>(*before), *network);
  }

  void put(Object object, const std::string& name, const std::optional<Object>& before) {
    const plan::ObjectKey key = plan::key_of(object);
    const std::string detail = detail_of(object, before);
    intent_.unit.expect.push_back({key, meta_of(object).revision});
    intent_.notes.push_back({key, false, before ? "Updated" : "Created",
                             "by " + context_.by + (detail.empty() ? "" : ": " + detail)});
    intent_.changes.push_back({before ? "update" : "create", name, detail});
    if (key.kind == Kind::job) intent_.touched.push_back(key);
    if (key.kind == Kind::network || key.kind == Kind::namespace_) after_.put(object);
    intent_.unit.put.push_back(std::move(object));
  }

  const Snapshot& snapshot_;
  const ipam::Leases& leases_;
  const ApplyContext& context_;
  Snapshot after_;  // with the networks and namespaces of the documents so far
  Intent intent_;
};

Result<Intent> remove_namespace(const Snapshot& snapshot, const plan::ObjectKey& key, Intent intent) {
  if (key.name == kDefaultNamespace)
    return fail(Code::denied, "namespace/default", "cannot be deleted", "delete its jobs instead");
  std::size_t jobs = 0, pods = 0;
  for (const auto& [name, job] : snapshot.jobs) jobs += name.first == key.name ? 1 : 0;
  for (const auto& [name, pod] : snapshot.pods) pods += name.first == key.name ? 1 : 0;
  if (jobs + pods > 0)
    return fail(Code::conflict, "namespace/" + key.name,
                "holds " + std::to_string(jobs) + " jobs and " + std::to_string(pods) + " pods",
                "delete its jobs first and wait until their pods are gone");
  intent.unit.erase.push_back(key);
  return intent;
}

}  // namespace

Checked<Intent> intend(const Snapshot& snapshot, const ipam::Leases& leases,
                       const std::vector<spec::Parsed>& documents, const ApplyContext& context) {
  if (documents.size() > kMaxApplied)
    return std::unexpected(
        Errors{{Code::exhausted, "documents", "are more than " + std::to_string(kMaxApplied),
                "apply them in several files"}});
  std::vector<Node> nodes;
  for (const auto& [name, node] : snapshot.nodes) nodes.push_back(*node);
  Reading reading(snapshot, leases, context);
  Errors errors;
  for (const spec::Parsed& document : documents) {
    for (const spec::Diagnostic& bad : spec::check_against_nodes(document, nodes))
      errors.push_back(document::to_error(bad));
    Result<> read = reading.read(document.object);
    if (!read) errors.push_back(std::move(read).error());
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return std::move(reading).intent();
}

Result<Intent> intend_removal(const Snapshot& snapshot, const ipam::Leases& leases,
                              const plan::ObjectKey& key, const ApplyContext& context) {
  const std::string name = display_name(key.kind, key.ns, key.name);
  const std::optional<Object> found = stored(snapshot, key);
  if (!found)
    return fail(Code::not_found, name, "does not exist",
                "look with: fairlead get " + std::string(to_string(key.kind)) + "s");
  const Revision is = meta_of(*found).revision;
  if (context.expect.value != 0 && is != context.expect)
    return fail(Code::conflict, name, "is at revision " + std::to_string(is.value), "get it again");
  Intent intent;
  intent.unit.expect.push_back({key, is});
  intent.notes.push_back({key, false, "Deleted", "by " + context.by});
  intent.changes.push_back({"delete", name, ""});
  switch (key.kind) {
    case Kind::namespace_:
      return remove_namespace(snapshot, key, std::move(intent));
    case Kind::job:
      intent.unit.erase.push_back(key);
      intent.touched.push_back(key);
      return intent;
    case Kind::pod: {
      Pod pod = std::get<Pod>(*found);
      if (pod.stop) intent = {};
      if (intent.changes.empty()) intent.changes.push_back({"unchanged", name, "is being removed"});
      if (pod.stop) return intent;
      const auto job = find(snapshot.jobs, pod.meta.ns, pod.job);
      intent.unit.put.emplace_back(reconciler::told_to_stop(std::move(pod), job.get()));
      return intent;
    }
    case Kind::service:
      return fail(Code::denied, name, "is made from its job's expose", "take `expose` out of the job");
    case Kind::ring:
      return fail(Code::denied, name, "goes with its service", "take `scope: edge` out of the job");
    case Kind::network:
      FL_TRY_OK(plan::check_network_removal(std::get<Network>(*found), snapshot, leases));
      intent.unit.erase.push_back(key);
      return intent;
    case Kind::node:
      break;  // plan::leave() frees its addresses
  }
  return intent;
}

}  // namespace fairlead::server
