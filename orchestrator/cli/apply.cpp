// SPDX-License-Identifier: Apache-2.0
// apply and plan. The document travels unchanged: control parses it, so that
// there is one reader and one set of messages.
#include <array>
#include <cstdio>
#include <unistd.h>

#include "base/io/file.h"
#include "control/document/value.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/view/changes.h"

namespace fairlead::cli {
namespace {

Result<std::string> read_stdin() {
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.size() <= document::kMaxTextBytes) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0) return std::unexpected(os_error(errno, "stdin"));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return fail(Code::invalid, "stdin", "is larger than 1 MiB", "Split the document");
}

Result<std::string> read_document(const std::string& file) {
  if (file == "-") return read_stdin();
  return read_file(file, document::kMaxTextBytes);
}

// "job/web" or "job/shop/web", as control names what it changed.
std::optional<Reference> job_of(const std::string& object) {
  const std::size_t first = object.find('/');
  if (first == std::string::npos || object.substr(0, first) != "job") return std::nullopt;
  const std::size_t second = object.find('/', first + 1);
  if (second == std::string::npos)
    return Reference{Kind::job, std::string(kDefaultNamespace), object.substr(first + 1)};
  return Reference{Kind::job, object.substr(first + 1, second - first - 1), object.substr(second + 1)};
}

Outcome<> wait_for_jobs(const Session& session, const proto::ApplyResult& result,
                        const ApplyOptions& options) {
  const std::string output = options.output == "table" ? "table" : "";  // programs get one document
  for (const proto::Change& change : result.changes) {
    const auto job = job_of(change.object);
    if (!job || change.action == "delete") continue;
    Session there = session;
    there.ns = job->ns;
    FL_TRY_OK(wait(there, {{"job", job->name}, "ready", options.timeout, output}));
  }
  return {};
}

}  // namespace

Outcome<> apply(const Session& session, const ApplyOptions& options) {
  FL_TRY(std::string document, read_document(options.file));
  net::Query query{{"namespace", session.ns}, {"file", options.file == "-" ? "stdin" : options.file}};
  if (options.dry_run) query["dry_run"] = "1";
  if (options.expect) query["expect"] = std::to_string(*options.expect);
  FL_TRY(const std::string body, fetch(session, net::Method::post, "/v1/apply", query, std::move(document)));
  FL_TRY(const proto::ApplyResult result, understood(proto::apply_result_from_json(body)));
  if (options.output == "table")
    std::fputs(format_changes(result).c_str(), stdout);
  else
    print_answer(body, options.output);
  if (options.dry_run && options.output == "table") {
    std::fputs(format_next(result, options.file, session.ns).c_str(), stdout);
    return {};
  }
  std::fflush(stdout);
  return options.wait && !options.dry_run ? wait_for_jobs(session, result, options) : Outcome<>{};
}

Outcome<> delete_object(const Session& session, const DeleteOptions& options) {
  FL_TRY(const Reference object, named(parse_reference(options.object, session.ns)));
  net::Query query;
  if (options.expect) query["expect"] = std::to_string(*options.expect);
  FL_TRY(const std::string body, fetch(session, net::Method::delete_, path_of(object), query));
  if (options.output == "table")
    std::printf("- %s\n", display(object).c_str());
  else
    print_answer(body, options.output);
  return {};
}

}  // namespace fairlead::cli
