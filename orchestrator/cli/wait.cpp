// SPDX-License-Identifier: Apache-2.0
// wait: asks every 100 ms until it is so. A control plane that is away for a
// moment (it restarts) is waited for as well; only the end of the time decides.
// An object that does not exist is an answer, not something to wait for.
#include <cstdio>
#include <thread>

#include "base/io/clock.h"
#include "control/document/value.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/view/ready.h"

namespace fairlead::cli {
namespace {

constexpr Millis kPause{100};

Outcome<Progress> look_for_ready(const Session& session, const Reference& what) {
  FL_TRY(const Object object, fetch_object(session, what));
  const Job* job = std::get_if<Job>(&object);
  const Service* service = std::get_if<Service>(&object);
  if (job == nullptr && service == nullptr) return object_ready(object);
  FL_TRY(const std::vector<Pod> pods, fetch_pods(session, what.ns));
  return job != nullptr ? job_ready(*job, pods) : service_ready(*service, pods);
}

Outcome<Progress> look_for_gone(const Session& session, const Reference& what) {
  const auto object = fetch_object(session, what);
  if (!object && object.error().exit != kNotFound) return std::unexpected(object.error());
  if (what.kind != Kind::job) return Progress{!object.has_value(), object ? "still there" : "gone", ""};
  FL_TRY(const std::vector<Pod> pods, fetch_pods(session, what.ns));
  return job_gone(object.has_value(), what.ns, what.name, pods);
}

std::string format_seconds(Millis took) {
  const auto tenths = (took.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

void print_done(const Reference& what, const std::string& text, Millis took, const std::string& output) {
  if (output.empty()) return;
  if (output == "table") {
    std::printf("%s %s in %s\n", what.name.c_str(), text.c_str(), format_seconds(took).c_str());
    return;
  }
  using document::json_string;
  print_answer("{\"object\":" + json_string(display(what)) + ",\"result\":" + json_string(text) +
                   ",\"took_ms\":" + std::to_string(took.count()) + "}",
               output);
}

Failure too_late(const Reference& what, const WaitOptions& options, const Outcome<Progress>& last) {
  if (!last) return last.error();
  std::string reason = last->text + " after " + options.timeout;
  if (!last->why.empty()) reason += "; " + last->why;
  return Failure({Error{Code::timeout, display(what), std::move(reason),
                        "See: fairlead explain " + display_name(what.kind, "", what.name) +
                            (what.ns.empty() || what.ns == kDefaultNamespace ? "" : " -n " + what.ns)}},
                 kFailed);
}

}  // namespace

Outcome<> wait(const Session& session, const WaitOptions& options) {
  FL_TRY(const Reference what, named(parse_reference(options.object, session.ns)));
  FL_TRY(const Millis timeout, named(parse_duration(options.timeout)));
  const bool ready = options.until == "ready";
  const MonoTime begin = mono_now();
  while (true) {
    const Outcome<Progress> progress = ready ? look_for_ready(session, what) : look_for_gone(session, what);
    const Millis took = mono_now() - begin;
    if (progress && progress->done) {
      print_done(what, progress->text, took, options.output);
      return {};
    }
    const bool hopeless = !progress && progress.error().exit != kUnreachable;
    if (hopeless || took >= timeout) return std::unexpected(too_late(what, options, progress));
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace fairlead::cli
