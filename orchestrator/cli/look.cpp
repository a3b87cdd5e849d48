// SPDX-License-Identifier: Apache-2.0
// The commands that look: events, explain, node drops, node tables, edges, version.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/io/clock.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/view/changes.h"

namespace fairlead::cli {
namespace {

constexpr Millis kPause{500};

Outcome<proto::EventList> fetch_events(const Session& session, net::Query query) {
  FL_TRY(const std::string body, fetch(session, net::Method::get, "/v1/events", query));
  return understood(proto::event_list_from_json(body));
}

net::Query follow_after(std::uint64_t seq, const std::string& object) {
  net::Query query{{"after", std::to_string(seq)}};
  if (!object.empty()) query["object"] = object;
  return query;
}

// While it follows, JSON is one list for each time that something happened.
void print_events(const proto::EventList& list, const EventsOptions& options, bool first) {
  if (!first && list.events.empty()) return;
  if (options.output != "table") return print_answer(proto::to_json(list), options.output);
  Table table = table_of(list, wall_now());
  if (!first) table.header.clear();
  std::fputs(table.text().c_str(), stdout);
}

std::uint64_t newest_of(const proto::EventList& list) {
  return std::ranges::max(list.events, {}, &proto::Event::seq).seq;
}

// Nothing to show: of an object that has no story it is said on stderr, one that is not is not found.
Outcome<> say_nothing_there(const Session& session, const Reference& reference) {
  const std::string object = display(reference);
  FL_TRY(const proto::EventList all, fetch_events(session, {{"object", object}, {"limit", "1"}}));
  if (all.events.empty()) {
    FL_TRY_OK(fetch_object(session, reference));
  }
  std::fprintf(stderr, "%s: nothing has happened%s\n", object.c_str(),
               all.events.empty() ? "" : " within --since");
  return {};
}

Outcome<std::vector<std::string>> node_names(const Session& session) {
  FL_TRY(const proto::ObjectList nodes, fetch_list(session, Kind::node, ""));
  std::vector<std::string> names;
  for (const Object& object : nodes.items) names.push_back(meta_of(object).name);
  return names;
}

// What one node or each says of itself, as one list. A node that does not answer hides no other.
template <class List, class Item>
Outcome<> print_of_nodes(const Session& session, const NodeOptions& options, const std::string& path,
                         Result<List> (*parse)(std::string_view), std::vector<Item> List::* items) {
  std::vector<std::string> names{options.node};
  if (options.node.empty()) {
    FL_TRY(names, node_names(session));
  }
  List all;
  std::optional<Failure> failed;
  for (const std::string& name : names) {
    const auto body = fetch(session, net::Method::get, path_of({Kind::node, "", name}) + path);
    Outcome<List> list = body ? understood(parse(*body)) : std::unexpected(body.error());
    if (!list) {
      std::vector<Error>& errors = list.error().errors;
      if (failed)
        failed->errors.insert(failed->errors.end(), errors.begin(), errors.end());
      else
        failed = std::move(list.error());
      continue;
    }
    for (Item& item : (*list).*items) {
      if (item.node.empty()) item.node = name;
      (all.*items).push_back(std::move(item));
    }
  }
  if (options.output == "table")
    std::fputs(table_of(all).text().c_str(), stdout);
  else
    print_answer(proto::to_json(all), options.output);
  if (failed) return std::unexpected(std::move(*failed));
  return {};
}

}  // namespace

Outcome<> events(const Session& session, const EventsOptions& options) {
  Reference reference;
  std::string object;
  if (!options.object.empty()) {
    FL_TRY(reference, named(parse_reference(Words{options.object}, session.ns)));
    object = display(reference);
  }
  net::Query query;
  if (!object.empty()) query["object"] = object;
  if (!options.since.empty()) query["since"] = options.since;
  if (options.limit != 0) query["limit"] = std::to_string(options.limit);
  for (bool first = true;; first = false) {
    FL_TRY(const proto::EventList list, fetch_events(session, query));
    print_events(list, options, first);
    if (!options.follow)
      return list.events.empty() && !object.empty() ? say_nothing_there(session, reference) : Outcome<>{};
    std::fflush(stdout);
    if (!list.events.empty()) query = follow_after(newest_of(list), object);
    std::this_thread::sleep_for(kPause);
  }
}

Outcome<> explain(const Session& session, const ExplainOptions& options) {
  FL_TRY(const Reference what, named(parse_reference(options.object, session.ns)));
  const std::string ns = what.ns.empty() ? "-" : what.ns;
  const std::string path = "/v1/explain/" + std::string(to_string(what.kind)) + "/" + ns + "/" + what.name;
  FL_TRY(const std::string body, fetch(session, net::Method::get, path));
  FL_TRY(const proto::Explanation explanation, understood(proto::explanation_from_json(body)));
  if (options.output == "table")
    std::fputs(format_explanation(explanation).c_str(), stdout);
  else
    print_answer(body, options.output);
  return {};
}

Outcome<> node_drops(const Session& session, const NodeOptions& options) {
  return print_of_nodes<proto::DropList>(session, options, "/drops", proto::drop_list_from_json,
                                         &proto::DropList::drops);
}

Outcome<> node_tables(const Session& session, const NodeOptions& options) {
  return print_of_nodes<proto::TableList>(session, options, "/tables", proto::table_list_from_json,
                                          &proto::TableList::tables);
}

Outcome<> edges(const Session& session, const EdgesOptions& options) {
  FL_TRY(const std::string body, fetch(session, net::Method::get, "/v1/edges"));
  FL_TRY(const proto::EdgeList list, understood(proto::edge_list_from_json(body)));
  if (options.output == "table")
    std::fputs(table_of(list).text().c_str(), stdout);
  else
    print_answer(body, options.output);
  return {};
}

Outcome<> version(const Session& session, const VersionOptions& options) {
  const std::string ours = FAIRLEAD_VERSION;
  const bool table = options.output == "table";
  if (table) std::printf("fairlead  %s\n", ours.c_str());
  const auto body = fetch(session, net::Method::get, "/v1/version");
  if (!table)
    print_answer(R"({"fairlead":")" + ours + (body ? R"(","control":)" + *body + "}" : R"("})"),
                 options.output);
  if (!body) return std::unexpected(body.error());
  FL_TRY(const proto::ServerVersion control, understood(proto::server_version_from_json(*body)));
  if (table)
    std::printf("control   %s, cluster %s, revision %llu\n", control.version.c_str(), control.cluster.c_str(),
                static_cast<unsigned long long>(control.revision.value));
  return {};
}

}  // namespace fairlead::cli
