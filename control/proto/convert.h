// SPDX-License-Identifier: Apache-2.0
// Objects and API answers in binary (for the store) and in JSON (for people
// and the CLI). An object's JSON is its document: what `get -o json` prints and
// apply takes. Both forms come from control/catalog/fields.h; protobuf's own
// JSON printer gives the same text (a test holds that). Documents written by
// users are read by orchestrator/spec, which reports positions; the readers
// here are for what our own programs wrote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/catalog/objects.h"
#include "control/proto/node_counters.h"

namespace fairlead::proto {

// Binary, for the store: bytes of fairlead.v1.Object. decode: Code::corrupt.
std::string encode_object(const Object& object);
Result<Object> decode_object(std::string_view bytes);

struct ObjectList {
  Revision revision;
  std::vector<Object> items;
  bool operator==(const ObjectList&) const = default;
};

struct Event {
  std::uint64_t seq = 0;
  WallTime time{};
  std::string object;           // "job/web"
  std::string type = "normal";  // normal, warning
  std::string reason;           // one word: Placed, Started, Ready, Failed
  std::string message;
  bool operator==(const Event&) const = default;
};

struct EventList {
  std::vector<Event> events;
  bool operator==(const EventList&) const = default;
};

// One line of a plan or of an apply.
struct Change {
  std::string action;  // create, update, unchanged, delete
  std::string object;  // "job/web"
  std::string detail;  // "n1 1, n2 1, n3 1", "10.96.0.7 fd00:96::7  80->http"
  bool operator==(const Change&) const = default;
};

struct ApplyResult {
  std::vector<Change> changes;
  Revision revision;  // after the change; of a dry run: the one to expect
  bool dry_run = false;
  bool operator==(const ApplyResult&) const = default;
};

// The body of every HTTP answer that is not 2xx: the first Error's fields and,
// when a document has several mistakes, the others as "more".
struct ErrorList {
  std::vector<Error> errors;
  bool operator==(const ErrorList&) const = default;
};

// GET /v1/nodes/{name}/drops, and what an agent writes into a DROPS stream.
struct Drop {
  std::string node;
  std::string reason;  // a name of dataplane/fwd's list
  std::uint64_t packets = 0;
  std::string last_flow;  // "tcp 10.244.1.2:4711 > 10.96.0.7:80"; blank when unknown
  std::string meaning;    // the reason in words
  bool operator==(const Drop&) const = default;
};

struct DropList {
  std::vector<Drop> drops;
  bool operator==(const DropList&) const = default;
};

// GET /v1/nodes/{name}/tables
struct TableRow {
  std::string node;
  std::string table;  // a name of dataplane/fwd's list, or "flows"
  TableLevel level;
  bool operator==(const TableRow&) const = default;
};

struct TableList {
  std::vector<TableRow> tables;
  bool operator==(const TableList&) const = default;
};

// GET /v1/edges: those that are connected.
struct Edge {
  std::string name;
  IpAddress address;                       // by which it reaches control
  Revision revision;                       // of which it has the tables in place
  std::optional<std::uint32_t> unreached;  // pods that its own probes do not reach; none: it does not probe
  bool operator==(const Edge&) const = default;
};

struct EdgeList {
  std::vector<Edge> edges;
  Revision revision;  // the newest
  bool operator==(const EdgeList&) const = default;
};

// GET /v1/explain/{kind}/{ns}/{name}: why is it not placed, not ready, not reachable.
struct Explanation {
  std::string object;                 // "pod/web-2"
  std::string state;                  // one line: "not placed", "ready on n2"
  std::string cause;                  // the first cause; blank when nothing is wrong
  std::vector<std::string> evidence;  // what was seen, one line each
  std::string fix;                    // what to do; blank when nothing is wrong
  bool operator==(const Explanation&) const = default;
};

// GET /v1/version
struct ServerVersion {
  std::string version;
  std::string cluster;
  Revision revision;
  bool operator==(const ServerVersion&) const = default;
};

// JSON: an object is its document, a list {"revision": "41", "items": [document, ...]}.
std::string to_json(const Object& object);
std::string to_json(const ObjectList& list);
std::string to_json(const EventList& events);
std::string to_json(const ApplyResult& result);
std::string to_json(const ErrorList& errors);
std::string to_json(const DropList& drops);
std::string to_json(const TableList& tables);
std::string to_json(const EdgeList& edges);
std::string to_json(const Explanation& explanation);
std::string to_json(const ServerVersion& version);
std::string to_json(const Error& error);  // an ErrorList of one

Result<Object> object_from_json(std::string_view text);
Result<ObjectList> object_list_from_json(std::string_view text);
Result<EventList> event_list_from_json(std::string_view text);
Result<ApplyResult> apply_result_from_json(std::string_view text);
Result<ErrorList> error_list_from_json(std::string_view text);
Result<DropList> drop_list_from_json(std::string_view text);
Result<TableList> table_list_from_json(std::string_view text);
Result<EdgeList> edge_list_from_json(std::string_view text);
Result<Explanation> explanation_from_json(std::string_view text);
Result<ServerVersion> server_version_from_json(std::string_view text);

// The command of /exec travels in one query parameter, as a JSON list.
std::string to_json(const std::vector<std::string>& command);
Result<std::vector<std::string>> strings_from_json(std::string_view text);

}  // namespace fairlead::proto
