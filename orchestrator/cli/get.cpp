// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "base/io/clock.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/view/objects.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::cli {
namespace {

struct Listed {
  Reference what;
  proto::ObjectList list;
};

Outcome<Listed> fetch_one(const Session& session, const Reference& what, bool all_namespaces) {
  if (what.name.empty()) {
    FL_TRY(proto::ObjectList list, fetch_list(session, what.kind, all_namespaces ? "" : what.ns));
    return Listed{what, std::move(list)};
  }
  FL_TRY(Object object, fetch_object(session, what));
  const Revision revision = meta_of(object).revision;
  return Listed{what, {revision, {std::move(object)}}};
}

Outcome<std::set<std::string>> silent_nodes(const Session& session) {
  FL_TRY(const proto::ObjectList nodes, fetch_list(session, Kind::node, ""));
  std::set<std::string> names;
  for (const Object& object : nodes.items)
    if (std::get<Node>(object).status.state == NodeState::silent) names.insert(meta_of(object).name);
  return names;
}

Outcome<> print_tables(const Session& session, const std::vector<Listed>& all, const GetOptions& options) {
  View view{wall_now(), options.output == "wide", options.all_namespaces, {}};
  bool needs_pods = false, needs_silent = false;
  for (const Listed& one : all) {
    const Kind kind = one.what.kind;
    needs_pods |= kind == Kind::node || kind == Kind::service || kind == Kind::network;
    needs_silent |= kind == Kind::pod || kind == Kind::service;
  }
  if (needs_silent) {
    FL_TRY(view.silent, silent_nodes(session));
  }
  std::vector<Pod> pods;
  if (needs_pods) {
    FL_TRY(pods, fetch_pods(session, ""));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 0) std::fputs("\n", stdout);
    std::fputs(table_of(all[i].what.kind, all[i].list.items, pods, view).text().c_str(), stdout);
  }
  return {};
}

// One named object prints as itself; anything else as a List.
Outcome<> print_documents(std::vector<Listed> all, const GetOptions& options) {
  const bool named = all.size() == 1 && !all[0].what.name.empty();
  proto::ObjectList list;
  for (Listed& one : all) {
    list.revision = std::max(list.revision, one.list.revision);
    for (Object& object : one.list.items) list.items.push_back(std::move(object));
  }
  if (options.output == "yaml") {
    std::fputs(spec::format_yaml(list.items).c_str(), stdout);
  } else if (named) {
    std::fputs(spec::format_json(list.items.front()).c_str(), stdout);
  } else {
    print_answer(proto::to_json(list), options.output);
  }
  return {};
}

}  // namespace

Outcome<> get(const Session& session, const GetOptions& options) {
  FL_TRY(const std::vector<Reference> wanted, named(parse_references(options.objects, session.ns)));
  std::vector<Listed> all;
  for (const Reference& what : wanted) {
    FL_TRY(Listed one, fetch_one(session, what, options.all_namespaces));
    all.push_back(std::move(one));
  }
  const bool table = options.output == "table" || options.output == "wide";
  return table ? print_tables(session, all, options) : print_documents(std::move(all), options);
}

}  // namespace fairlead::cli
