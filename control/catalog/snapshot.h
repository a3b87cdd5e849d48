// SPDX-License-Identifier: Apache-2.0
// Snapshot: every object of the cluster at one revision, immutable once
// published. Cheap to copy (objects are shared), ordered by name, so that the
// same facts give the same decisions everywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/catalog/objects.h"

namespace fairlead {

using ObjectName = std::pair<std::string, std::string>;  // namespace, name

template <class T>
using Table = std::map<ObjectName, std::shared_ptr<const T>>;

struct Snapshot {
  Revision revision;
  std::uint64_t cluster_seed = 0;  // ring choice, outer source ports and placement agree on it
  Table<Namespace> namespaces;
  Table<Node> nodes;
  Table<Job> jobs;
  Table<Pod> pods;
  Table<Service> services;
  Table<Network> networks;
  Table<Ring> rings;

  void put(Object object);  // insert or replace
  void erase(Kind kind, const std::string& ns, const std::string& name);
  std::vector<std::shared_ptr<const Pod>> pods_of(const std::string& ns, const std::string& job) const;
};

// use(table) with the Table of that kind; what it returns.
template <class S, class Use>
auto in_table(S& snapshot, Kind kind, Use use) {
  switch (kind) {
    case Kind::namespace_:
      return use(snapshot.namespaces);
    case Kind::node:
      return use(snapshot.nodes);
    case Kind::job:
      return use(snapshot.jobs);
    case Kind::pod:
      return use(snapshot.pods);
    case Kind::service:
      return use(snapshot.services);
    case Kind::network:
      return use(snapshot.networks);
    case Kind::ring:
      break;
  }
  return use(snapshot.rings);
}

// Every object, kind after kind, those first to which others refer. put() of each gives the same tables
// again.
void each_object(const Snapshot& snapshot, const std::function<void(const Object&)>& visit);

template <class T>
std::shared_ptr<const T> find(const Table<T>& table, const std::string& ns, const std::string& name) {
  const auto found = table.find({ns, name});
  return found == table.end() ? nullptr : found->second;
}

}  // namespace fairlead
