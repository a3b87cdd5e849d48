// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/objects.h"

namespace fairlead {

Kind kind_of(const Object& object) { return static_cast<Kind>(object.index()); }

bool in_namespace(Kind kind) {
  return kind == Kind::job || kind == Kind::pod || kind == Kind::service || kind == Kind::ring;
}

const Meta& meta_of(const Object& object) {
  return std::visit([](const auto& o) -> const Meta& { return o.meta; }, object);
}

Meta& meta_of(Object& object) {
  return std::visit([](auto& o) -> Meta& { return o.meta; }, object);
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::namespace_:
      return "namespace";
    case Kind::node:
      return "node";
    case Kind::job:
      return "job";
    case Kind::pod:
      return "pod";
    case Kind::service:
      return "service";
    case Kind::network:
      return "network";
    case Kind::ring:
      return "ring";
  }
  return "unknown";
}

std::string_view to_string(PodPhase phase) { return kPodPhaseNames.at(static_cast<std::size_t>(phase)); }

std::string display_name(Kind kind, std::string_view ns, std::string_view name) {
  std::string text(to_string(kind));
  if (!ns.empty() && ns != kDefaultNamespace) text.append("/").append(ns);
  return text.append("/").append(name);
}

std::string display_name(const Object& object) {
  const Meta& meta = meta_of(object);
  return display_name(kind_of(object), meta.ns, meta.name);
}

}  // namespace fairlead
