// SPDX-License-Identifier: Apache-2.0
// must(): the value, or the error as an exception, which fails the test that asked.
#pragma once

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace fairlead::test {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(format(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace fairlead::test
