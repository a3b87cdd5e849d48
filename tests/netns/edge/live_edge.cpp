// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge/live_edge.h"

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "tests/netns/edge/request.h"
#include "tests/support/must.h"

namespace fairlead::test {

void LiveEdge::publish() {
  const model::TableImage now = engine().memory().tables.image();
  must(engine().apply(model::diff(now, must(model::lower(net_.state(), now)))));
}

std::string LiveEdge::reached(int number, Family family) {
  std::string answer;
  eventually([&] {
    answer = request(lab(), "client", family, EdgeNet::vip(number, family));
    return answer == std::to_string(number);
  });
  return answer;
}

std::string LiveEdge::counts() {
  std::string text;
  const auto counters = must(engine().counters());
#define COUNT(name, meaning) \
  if (counters[FWD_##name].packets > 0) text += " " #name "=" + std::to_string(counters[FWD_##name].packets);
  FWD_ACTIONS(COUNT)
  FWD_DROPS(COUNT)
#undef COUNT
  return text;
}

}  // namespace fairlead::test
