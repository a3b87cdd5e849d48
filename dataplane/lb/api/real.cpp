// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "dataplane/lb/api/fields.h"

namespace fairlead::lb::api {

doc::Value Real::write(const double& number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, 4);
  return doc::Value::number(std::string(text.data(), end.ptr));
}

doc::Read<double> Real::read(const doc::Value& value) {
  double number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stopped, problem] = std::from_chars(value.text.data(), end, number);
  if (value.is_scalar() && problem == std::errc{} && stopped == end) return number;
  return std::unexpected(doc::Complaint{"is not a number", "Write 0.5", "", Code::invalid, {}});
}

}  // namespace fairlead::lb::api
