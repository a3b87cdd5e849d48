// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/snapshot.h"

namespace fairlead {
namespace {

template <class T>
void put_in(Table<T>& table, T object) {
  ObjectName name{object.meta.ns, object.meta.name};
  table.insert_or_assign(std::move(name), std::make_shared<const T>(std::move(object)));
}

struct Put {
  Snapshot& to;
  void operator()(Namespace o) const { put_in(to.namespaces, std::move(o)); }
  void operator()(Node o) const { put_in(to.nodes, std::move(o)); }
  void operator()(Job o) const { put_in(to.jobs, std::move(o)); }
  void operator()(Pod o) const { put_in(to.pods, std::move(o)); }
  void operator()(Service o) const { put_in(to.services, std::move(o)); }
  void operator()(Network o) const { put_in(to.networks, std::move(o)); }
};

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
}

void Snapshot::put(Object object) { std::visit(Put{*this}, std::move(object)); }

void Snapshot::erase(Kind kind, const std::string& ns, const std::string& name) {
  switch (kind) {
    case Kind::namespace_:
      namespaces.erase({ns, name});
      return;
    case Kind::node:
      nodes.erase({ns, name});
      return;
    case Kind::job:
      jobs.erase({ns, name});
      return;
    case Kind::pod:
      pods.erase({ns, name});
      return;
    case Kind::service:
      services.erase({ns, name});
      return;
    case Kind::network:
      networks.erase({ns, name});
      return;
  }
}

std::vector<std::shared_ptr<const Pod>> Snapshot::pods_of(const std::string& ns,
                                                          const std::string& job) const {
  std::vector<std::shared_ptr<const Pod>> found;
  for (auto it = pods.lower_bound({ns, ""}); it != pods.end() && it->first.first == ns; ++it)
    if (it->second->job == job) found.push_back(it->second);
  return found;
}

}  // namespace fairlead
