// SPDX-License-Identifier: Apache-2.0
// Strong types for numbers and names that must not be confused: a Revision is
// not a port, a NodeName is not a pod's name. No arithmetic, only order.
#pragma once

#include <compare>
#include <functional>
#include <ostream>
#include <utility>

namespace fairlead {

template <class Tag, class T>
struct Strong {
  T value{};

  constexpr Strong() = default;
  constexpr explicit Strong(T v) : value(std::move(v)) {}
  constexpr auto operator<=>(const Strong&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Strong& s) { return out << s.value; }
};

}  // namespace fairlead

template <class Tag, class T>
struct std::hash<fairlead::Strong<Tag, T>> {
  std::size_t operator()(const fairlead::Strong<Tag, T>& s) const { return std::hash<T>{}(s.value); }
};
