// SPDX-License-Identifier: Apache-2.0
// The baseline: the same bundle by `runc run`, and nothing else. Namespace, link,
// address, root file system and config.json are there before the clock starts; the
// clock stops when its server, asked directly, answers.
#pragma once

#include <string>

#include "orchestrator/runtime/image/image.h"
#include "tests/support/netlab.h"

namespace fairlead::bench {

class Bare {
 public:
  Bare(test::NetLab& lab, const std::string& cluster, const std::string& image);
  ~Bare();
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  // Milliseconds from `runc run` to the first answer.
  double run();

 private:
  struct Prepared {
    std::string uid, id, address;
  };
  Prepared prepare();
  void remove(const Prepared& prepared);

  test::NetLab& lab_;
  runtime::NodePaths paths_;
  std::string image_name_;
  runtime::Image image_;
  int number_ = 0;
};

}  // namespace fairlead::bench
