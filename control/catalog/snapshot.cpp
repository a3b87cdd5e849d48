// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/snapshot.h"

namespace fairlead {
namespace {

template <class T>
void each_of(const Table<T>& table, const std::function<void(const Object&)>& visit) {
  for (const auto& [name, object] : table) visit(*object);
}

}  // namespace

void each_object(const Snapshot& snapshot, const std::function<void(const Object&)>& visit) {
  each_of(snapshot.networks, visit);
  each_of(snapshot.namespaces, visit);
  each_of(snapshot.nodes, visit);
  each_of(snapshot.jobs, visit);
  each_of(snapshot.pods, visit);
  each_of(snapshot.services, visit);
  each_of(snapshot.rings, visit);
}

void Snapshot::put(Object object) {
  in_table(*this, kind_of(object), [&]<class T>(Table<T>& table) {
    T& o = std::get<T>(object);
    ObjectName name{o.meta.ns, o.meta.name};
    table.insert_or_assign(std::move(name), std::make_shared<const T>(std::move(o)));
  });
}

void Snapshot::erase(Kind kind, const std::string& ns, const std::string& name) {
  in_table(*this, kind, [&](auto& table) { table.erase({ns, name}); });
}

std::vector<std::shared_ptr<const Pod>> Snapshot::pods_of(const std::string& ns,
                                                          const std::string& job) const {
  std::vector<std::shared_ptr<const Pod>> found;
  for (auto it = pods.lower_bound({ns, ""}); it != pods.end() && it->first.first == ns; ++it)
    if (it->second->job == job) found.push_back(it->second);
  return found;
}

}  // namespace fairlead
