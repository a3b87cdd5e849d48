// SPDX-License-Identifier: Apache-2.0
#include "control/server/authorize.h"

#include <gtest/gtest.h>

namespace fairlead::server {
namespace {

TEST(Authorize, StrangersMayOnlyAskWhetherWeAreAlive) {
  const net::Principal stranger{net::Principal::Type::stranger, 0, "10.0.0.1:1"};
  const net::Principal local{net::Principal::Type::local, 0, "uid 0"};
  const net::Principal token{net::Principal::Type::token, 0, "10.0.0.1:1"};
  for (const char* verb : {"get", "put", "delete", "apply", "watch", "join", "exec", "logs", "find", ""}) {
    EXPECT_FALSE(authorize(stranger, verb, "/v1/jobs")) << verb;
    EXPECT_TRUE(authorize(local, verb, "/v1/jobs")) << verb;
    EXPECT_TRUE(authorize(token, verb, "/v1/jobs")) << verb;
  }
  EXPECT_TRUE(authorize(stranger, "health", "/healthz"));
  const Error refused = authorize(stranger, "get", "/v1/jobs").error();
  EXPECT_EQ(refused.code, Code::denied);
  EXPECT_NE(refused.remedy.find("--token-file"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::server
