// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(OsError, TellsAFullDiskByItsCode) {
  EXPECT_EQ(os_error(ENOSPC, "file").code, Code::exhausted);
  EXPECT_EQ(os_error(EDQUOT, "file").code, Code::exhausted);
  EXPECT_EQ(os_error(EIO, "file").code, Code::io);
}

}  // namespace
}  // namespace fairlead
