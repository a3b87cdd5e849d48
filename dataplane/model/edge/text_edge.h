// SPDX-License-Identifier: Apache-2.0
// The edge's lines of a ForwardingState's text (text.h).
#pragma once

#include "dataplane/model/edge/edge_state.h"
#include "dataplane/model/text_line.h"

namespace fairlead::model {

void write_edge(const EdgeState& edge, std::string& out);

class EdgeReader {
 public:
  static bool knows(std::string_view kind);
  Result<> line(std::string_view kind, LineReader& line);
  EdgeState take() && { return std::move(edge_); }

 private:
  Result<> self(LineReader& line);
  Result<> service(LineReader& line);
  Result<> ports(LineReader& line);
  Result<> limits(LineReader& line);
  Result<> server(LineReader& line);
  Result<> ring(LineReader& line);
  Result<> base(LineReader& line);
  Result<> slots(LineReader& line);

  using Read = Result<> (EdgeReader::*)(LineReader&);
  static Read reader_of(std::string_view kind);

  EdgeState edge_;
};

}  // namespace fairlead::model
