// SPDX-License-Identifier: Apache-2.0
// One call to control as every command makes it: an answer, or a Failure that
// knows its errors and the command's exit code.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "control/catalog/objects.h"
#include "control/net/client.h"
#include "control/proto/convert.h"
#include "orchestrator/cli/view/exit_code.h"
#include "orchestrator/cli/view/reference.h"

namespace fairlead::cli {

struct Failure {
  std::vector<Error> errors;
  int exit = kFailed;

  Failure(Error error)
      : errors{std::move(error)}, exit(exit_code(errors.front().code)) {}  // NOLINT: implicit
  Failure(std::vector<Error> all, int code) : errors(std::move(all)), exit(code) {}
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

struct Session {
  net::ServerAddress control;
  std::string ns{kDefaultNamespace};
};

// The body of a 2xx answer.
Outcome<std::string> fetch(const Session& session, net::Method method, const std::string& path,
                           const net::Query& query = {}, std::string body = "");

Outcome<Object> fetch_object(const Session& session, const Reference& reference);
// An answer for programs: "json" or "yaml", as control gave it.
void print_answer(const std::string& json, const std::string& output);

// `ns` empty: of all namespaces.
Outcome<proto::ObjectList> fetch_list(const Session& session, Kind kind, const std::string& ns);
Outcome<std::vector<Pod>> fetch_pods(const Session& session, const std::string& ns);

// What the user named on the command line; a mistake there is wrong usage.
template <class T>
Outcome<T> named(Result<T> parsed) {
  if (parsed) return std::move(*parsed);
  return std::unexpected(Failure({std::move(parsed).error()}, kUsage));
}

// An answer of control that cannot be read is a failure of its own.
template <class T>
Outcome<T> understood(Result<T> read) {
  if (read) return std::move(*read);
  Error error = std::move(read).error().within("control's answer");
  error.remedy = "Use the same version of fairlead as the control plane";
  return std::unexpected(Failure(std::move(error)));
}

}  // namespace fairlead::cli
