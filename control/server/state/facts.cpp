// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/facts.h"

#include <algorithm>
#include <charconv>

#include "control/catalog/network.h"
#include "control/proto/convert.h"
#include "control/proto/stream.h"
#include "control/server/state/keys.h"
#include "orchestrator/scheduler/place.h"

namespace fairlead::server {
namespace {

store::Op put_object(const Object& object) {
  return store::put(store_key(plan::key_of(object)), proto::encode_object(object));
}

Network first_network(const FirstFacts& first) {
  Network network = default_network();
  network.meta.uid = first.network_uid;
  network.meta.created = first.now;
  return network;
}

// Until version 0.1 there was one network, whose values nobody could choose: only its seed was its own.
Result<> migrate_network(store::Store& store, const FirstFacts& first) {
  FL_TRY(const auto old, store::get(store, kOldNetworkKey));
  if (!old) return {};
  FL_TRY(const std::uint64_t seed, proto::decode_old_cluster_seed(old->value));
  const Network network = first_network(first);
  const store::Txn txn{{store::is_absent(store_key(plan::key_of(Object(network))))},
                       {store::put(std::string(kSeedKey), std::to_string(seed)), put_object(network),
                        store::erase(std::string(kOldNetworkKey))},
                       {}};
  FL_TRY_OK(store.commit(txn));
  return {};
}

Result<std::uint64_t> decode_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error == std::errc{} && end == text.data() + text.size()) return seed;
  return fail(Code::corrupt, std::string(kSeedKey), "is no number", "restore the store from a snapshot");
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
  return in_table(snapshot, key.kind, [&](const auto& table) -> std::optional<Object> {
    const auto found = find(table, key.ns, key.name);
    return found ? std::optional<Object>(*found) : std::nullopt;
  });
}

// Networks are few, and seldom change.
Result<> Facts::apply_network(const store::WatchEvent& change) {
  FL_TRY_OK(apply_object(snapshot, change));
  FL_TRY(const std::vector<ipam::Block> blocks, scheduler::control_blocks(snapshot));
  return leases.set_blocks(blocks);
}

Result<> Facts::apply(const store::WatchEvent& change) {
  const std::string& key = change.now.key;
  if (key.starts_with(kObjects)) objects = std::max(objects, change.now.mod_revision);
  const auto object = parse_object_key(key);
  if (object && object->kind == Kind::network) return apply_network(change);
  if (key.starts_with(kObjects)) return apply_object(snapshot, change);
  if (key.starts_with(kLeases)) return apply_lease(leases, change);
  if (key.starts_with(kEvents)) return events.apply(change);
  if (key == kClusterKey) cluster_id = change.now.value;
  if (key == kSeedKey) {
    FL_TRY(snapshot.cluster_seed, decode_seed(change.now.value));
  }
  return {};
}

Result<> write_first_facts(store::Store& store, const FirstFacts& first) {
  FL_TRY(const auto stored, store::get(store, kClusterKey));
  if (stored) {
    if (first.wanted_id.empty() || stored->value == first.wanted_id) return migrate_network(store, first);
    return fail(Code::conflict, "cluster " + first.wanted_id,
                "this state folder belongs to cluster " + stored->value,
                "name that cluster, or another folder with --state-dir");
  }
  Namespace standard;
  standard.meta.name = std::string(kDefaultNamespace);
  standard.meta.uid = first.namespace_uid;
  standard.meta.created = first.now;
  const std::string key(kClusterKey);
  const store::Txn txn{{store::is_absent(key)},
                       {store::put(key, first.wanted_id.empty() ? first.fresh_id : first.wanted_id),
                        store::put(std::string(kSeedKey), std::to_string(first.fresh_seed)),
                        put_object(first_network(first)), put_object(standard)},
                       {}};
  FL_TRY_OK(store.commit(txn));
  return {};
}

Result<Facts> load_facts(store::Store& store) {
  FL_TRY(const store::Listing listing, store::list(store, ""));
  Facts facts;
  for (const store::KeyValue& item : listing.items) FL_TRY_OK(facts.apply({store::Op::Type::put, item}));
  FL_TRY_OK(facts.leases.check());
  facts.snapshot.revision = listing.revision;
  return facts;
}

}  // namespace fairlead::server
