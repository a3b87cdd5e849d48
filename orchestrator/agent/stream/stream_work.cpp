// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/stream/stream_work.h"

#include <thread>

#include "orchestrator/runtime/container/exec.h"
#include "orchestrator/runtime/container/log_file.h"

namespace fairlead::agent {
namespace {

constexpr Millis kLogPoll{100};

proto::StreamClose closed(const proto::StreamOpen& request, std::int32_t code) {
  return {request.id, code, {}};
}
proto::StreamClose failed(const proto::StreamOpen& request, Error error) {
  return {request.id, 1, std::move(error)};
}

bool emit_lines(const std::vector<runtime::LogLine>& lines, const Emit& emit) {
  for (const runtime::LogLine& line : lines)
    if (!emit(line.is_stderr ? proto::Channel::err : proto::Channel::out, line.text + "\n")) return false;
  return true;
}

}  // namespace

proto::StreamClose run_exec(const runtime::NodePaths& paths, const proto::StreamOpen& request, int input_fd,
                            const Emit& emit, std::stop_token stop) {
  runtime::ExecSpec spec;
  spec.argv = request.command;
  spec.input_fd = input_fd;
  const OnOutput on_output = [&](Stream stream, std::string_view bytes) {
    emit(stream == Stream::out ? proto::Channel::out : proto::Channel::err, bytes);
  };
  const Result<int> code = runtime::exec_for_person(paths, request.uid, request.container, request.id, spec,
                                                    on_output, std::move(stop));
  return code ? closed(request, *code) : failed(request, code.error());
}

proto::StreamClose run_logs(const runtime::NodePaths& paths, const proto::StreamOpen& request,
                            const Emit& emit, std::stop_token stop) {
  Result<runtime::LogChunk> chunk =
      request.tail ? runtime::tail_log(paths, request.uid, request.container, *request.tail)
                   : runtime::read_log(paths, request.uid, request.container, 0);
  for (bool tail = request.tail.has_value();; tail = false) {
    if (!chunk) return failed(request, chunk.error());
    if (!emit_lines(chunk->lines, emit) || stop.stop_requested()) return closed(request, 0);
    if (tail && !request.follow) return closed(request, 0);
    const bool at_end = chunk->lines.empty();
    if (at_end && !request.follow) return closed(request, 0);
    if (at_end) std::this_thread::sleep_for(kLogPoll);
    chunk = runtime::read_log(paths, request.uid, request.container, chunk->next);
  }
}

}  // namespace fairlead::agent
