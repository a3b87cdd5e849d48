// SPDX-License-Identifier: Apache-2.0
// Reads fields of a bounded, strict JSON document with errors that name the
// document and the field. For the documents of this room only; unknown fields
// are allowed there (the OCI specification says so).
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::runtime {

class JsonReader {
 public:
  // `document` names it in errors: "image manifest".
  static Result<JsonReader> parse(std::string_view document, std::string_view text, std::size_t max_bytes);

  // Absent and null are the default; another type is an Error.
  Result<std::string> text(const boost::json::object& in, std::string_view field) const;
  Result<std::uint64_t> number(const boost::json::object& in, std::string_view field) const;
  Result<std::vector<std::string>> texts(const boost::json::object& in, std::string_view field) const;
  // An empty object or array when absent.
  Result<boost::json::object> object(const boost::json::object& in, std::string_view field) const;
  Result<std::vector<boost::json::object>> objects(const boost::json::object& in, std::string_view field,
                                                   std::size_t max) const;
  const boost::json::object& root() const { return root_; }
  std::unexpected<Error> wrong(std::string_view field, std::string_view reason) const;

 private:
  std::string document_;
  boost::json::object root_;
};

}  // namespace fairlead::runtime
