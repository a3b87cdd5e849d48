// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/facts.h"

#include "control/proto/convert.h"
#include "control/proto/stream.h"
#include "control/server/state/keys.h"
#include "orchestrator/scheduler/place.h"

namespace fairlead::server {
namespace {

// The network is kept in the form in which agents get it.
std::string encode_network(const Network& network) {
  proto::Welcome welcome;
  welcome.node_number = 1;
  welcome.cluster_id = "network";
  welcome.network = network;
  welcome.host4 = network.pods4.address;
  welcome.host6 = network.pods6.address;
  return proto::encode(proto::ControlMessage(welcome));
}

Result<Network> decode_network(std::string_view bytes) {
  FL_TRY(const proto::ControlMessage message, proto::decode_control_message(bytes));
  const auto* welcome = std::get_if<proto::Welcome>(&message);
  if (welcome == nullptr) return fail(Code::corrupt, std::string(kNetworkKey), "holds no network");
  return welcome->network;
}

Result<> apply_object(Snapshot& snapshot, const store::WatchEvent& change) {
  const auto key = parse_object_key(change.now.key);
  if (!key) return fail(Code::corrupt, change.now.key, "is no object's key");
  if (change.type == store::Op::Type::erase) {
    snapshot.erase(key->kind, key->ns, key->name);
    return {};
  }
  FL_TRY(Object object, proto::decode_object(change.now.value));
  if (plan::key_of(object) != *key) return fail(Code::corrupt, change.now.key, "holds another object");
  meta_of(object).revision = change.now.mod_revision;
  snapshot.put(std::move(object));
  return {};
}

Result<> apply_lease(ipam::Leases& leases, const store::WatchEvent& change) {
  if (change.type == store::Op::Type::erase) return fail(Code::corrupt, change.now.key, "a lease was erased");
  FL_TRY(ipam::Lease lease, ipam::decode_lease(change.now.value));
  return leases.apply({std::move(lease), change.now.mod_revision});
}

}  // namespace

std::optional<Object> stored(const Snapshot& snapshot, const plan::ObjectKey& key) {
  const auto copy = [](const auto& found) -> std::optional<Object> {
    if (!found) return std::nullopt;
    return Object(*found);
  };
  switch (key.kind) {
    case Kind::namespace_:
      return copy(find(snapshot.namespaces, key.ns, key.name));
    case Kind::node:
      return copy(find(snapshot.nodes, key.ns, key.name));
    case Kind::job:
      return copy(find(snapshot.jobs, key.ns, key.name));
    case Kind::pod:
      return copy(find(snapshot.pods, key.ns, key.name));
    case Kind::service:
      return copy(find(snapshot.services, key.ns, key.name));
  }
  return std::nullopt;
}

Result<> Facts::apply(const store::WatchEvent& change) {
  const std::string& key = change.now.key;
  if (key.starts_with(kObjects)) return apply_object(snapshot, change);
  if (key.starts_with(kLeases)) return apply_lease(leases, change);
  if (key.starts_with(kEvents)) return events.apply(change);
  if (key == kClusterKey) cluster_id = change.now.value;
  return {};
}

Result<> write_first_facts(store::Store& store, const FirstFacts& first) {
  FL_TRY(const auto stored, store::get(store, kClusterKey));
  if (stored) {
    if (first.wanted_id.empty() || stored->value == first.wanted_id) return {};
    return fail(Code::conflict, "cluster " + first.wanted_id,
                "this state folder belongs to cluster " + stored->value,
                "name that cluster, or another folder with --state-dir");
  }
  Network network = default_network();
  network.cluster_seed = first.fresh_seed;
  Namespace standard;
  standard.meta.name = std::string(kDefaultNamespace);
  standard.meta.uid = first.namespace_uid;
  standard.meta.created = first.now;
  const std::string key(kClusterKey);
  const store::Txn txn{
      {store::is_absent(key)},
      {store::put(key, first.wanted_id.empty() ? first.fresh_id : first.wanted_id),
       store::put(std::string(kNetworkKey), encode_network(network)),
       store::put(store_key({Kind::namespace_, "", standard.meta.name}), proto::encode_object(standard))},
      {}};
  FL_TRY_OK(store.commit(txn));
  return {};
}

Result<Facts> load_facts(store::Store& store) {
  FL_TRY(const store::Listing listing, store::list(store, ""));
  Facts facts;
  for (const store::KeyValue& item : listing.items) {
    if (item.key != kNetworkKey) continue;
    FL_TRY(facts.snapshot.network, decode_network(item.value));
  }
  FL_TRY(const std::vector<ipam::Block> blocks, scheduler::control_blocks(facts.snapshot.network));
  facts.leases = ipam::Leases(blocks);
  for (const store::KeyValue& item : listing.items) FL_TRY_OK(facts.apply({store::Op::Type::put, item}));
  facts.snapshot.revision = listing.revision;
  return facts;
}

}  // namespace fairlead::server
