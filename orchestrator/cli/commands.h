// SPDX-License-Identifier: Apache-2.0
// The commands of `fairlead`, each with its options as a value. They print
// their answer on stdout; what failed comes back as a Failure, which main
// prints on stderr and turns into the exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/connection.h"

namespace fairlead::cli {

using Words = std::vector<std::string>;

struct ApplyOptions {
  std::string file;  // "-": stdin
  bool dry_run = false;
  bool wait = false;
  std::optional<std::uint64_t> expect;
  std::string timeout = "60s";
  std::string output = "table";  // table, json, yaml
};
Outcome<> apply(const Session& session, const ApplyOptions& options);

struct GetOptions {
  Words objects;
  std::string output = "table";  // table, wide, json, yaml
  bool all_namespaces = false;
};
Outcome<> get(const Session& session, const GetOptions& options);

struct WaitOptions {
  Words object;
  std::string until = "ready";  // ready, deleted
  std::string timeout = "60s";
  std::string output = "table";  // table, json, yaml; empty: nothing is printed
};
Outcome<> wait(const Session& session, const WaitOptions& options);

struct DeleteOptions {
  Words object;
  std::optional<std::uint64_t> expect;
  std::string output = "table";
};
Outcome<> delete_object(const Session& session, const DeleteOptions& options);

struct EventsOptions {
  std::string object;
  std::string since;        // a duration
  std::uint64_t limit = 0;  // 0: all
  bool follow = false;
  std::string output = "table";  // table, json, yaml
};
Outcome<> events(const Session& session, const EventsOptions& options);

struct ExplainOptions {
  Words object;
  std::string output = "table";
};
Outcome<> explain(const Session& session, const ExplainOptions& options);

struct NodeOptions {
  std::string node;  // empty: all
  std::string output = "table";
};
Outcome<> node_drops(const Session& session, const NodeOptions& options);
Outcome<> node_tables(const Session& session, const NodeOptions& options);

struct EdgesOptions {
  std::string output = "table";
};
Outcome<> edges(const Session& session, const EdgesOptions& options);

struct VersionOptions {
  std::string output = "table";
};
// Ours is printed even when control does not answer.
Outcome<> version(const Session& session, const VersionOptions& options);

struct SnapshotOptions {
  std::string file;
  std::string data;  // restore: the state folder to make
  std::string output = "table";
};
Outcome<> snapshot_save(const Session& session, const SnapshotOptions& options);
Outcome<> snapshot_inspect(const SnapshotOptions& options);
Outcome<> snapshot_restore(const SnapshotOptions& options);

struct LogsOptions {
  Words object;
  std::string container;
  std::optional<std::uint32_t> tail;  // none: all that is kept
  bool follow = false;
};
Outcome<> logs(const Session& session, const LogsOptions& options);

struct ExecOptions {
  std::string object;
  std::string container;
  bool with_stdin = false;
  Words command;
};
// The exit code of the command.
Outcome<int> exec(const Session& session, const ExecOptions& options);

}  // namespace fairlead::cli
