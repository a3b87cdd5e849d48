// SPDX-License-Identifier: Apache-2.0
// What a plan or an apply says, and events, drops and explanations: the API's
// answers as lines for people.
#pragma once

#include <string>
#include <string_view>

#include "control/proto/convert.h"
#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {

// "+ job/web      n1 1, n2 1, n3 1": + create, ~ update, - delete, = unchanged.
std::string format_changes(const proto::ApplyResult& result);
// "Next: fairlead apply -f web.yaml --expect 41"
std::string format_next(const proto::ApplyResult& plan, std::string_view file, std::string_view ns);

Table table_of(const proto::EventList& events, WallTime now);
Table table_of(const proto::DropList& drops);
Table table_of(const proto::EdgeList& edges);
Table table_of(const proto::TableList& tables);
std::string format_explanation(const proto::Explanation& explanation);

}  // namespace fairlead::cli
