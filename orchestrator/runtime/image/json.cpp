// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/json.h"

namespace fairlead::runtime {
namespace {

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxTexts = 1024;

const boost::json::value* present(const boost::json::object& in, std::string_view field) {
  const boost::json::value* found = in.if_contains(field);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

}  // namespace

std::unexpected<Error> JsonReader::wrong(std::string_view field, std::string_view reason) const {
  return fail(Code::invalid, document_ + (field.empty() ? "" : " " + std::string(field)),
              std::string(reason));
}

Result<JsonReader> JsonReader::parse(std::string_view document, std::string_view text,
                                     std::size_t max_bytes) {
  JsonReader reader;
  reader.document_ = document;
  if (text.size() > max_bytes)
    return reader.wrong("", "is larger than " + std::to_string(max_bytes) + " bytes");
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error, {}, options);
  if (error) return reader.wrong("", "is not JSON: " + error.message());
  if (!value.is_object()) return reader.wrong("", "is not a JSON object");
  reader.root_ = std::move(value.as_object());
  return reader;
}

Result<std::string> JsonReader::text(const boost::json::object& in, std::string_view field) const {
  const boost::json::value* value = present(in, field);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return wrong(field, "is not a string");
  std::string result(value->as_string());
  if (result.contains('\0')) return wrong(field, "holds a NUL");
  return result;
}

Result<std::uint64_t> JsonReader::number(const boost::json::object& in, std::string_view field) const {
  const boost::json::value* value = present(in, field);
  if (value == nullptr) return std::uint64_t{0};
  if (value->is_uint64()) return value->as_uint64();
  if (value->is_int64() && value->as_int64() >= 0) return static_cast<std::uint64_t>(value->as_int64());
  return wrong(field, "is not a whole number");
}

Result<std::vector<std::string>> JsonReader::texts(const boost::json::object& in,
                                                   std::string_view field) const {
  std::vector<std::string> result;
  const boost::json::value* value = present(in, field);
  if (value == nullptr) return result;
  if (!value->is_array() || value->as_array().size() > kMaxTexts)
    return wrong(field, "is not a list of strings");
  for (const boost::json::value& entry : value->as_array()) {
    if (!entry.is_string()) return wrong(field, "is not a list of strings");
    result.emplace_back(entry.as_string());
    if (result.back().contains('\0')) return wrong(field, "holds a NUL");
  }
  return result;
}

Result<boost::json::object> JsonReader::object(const boost::json::object& in, std::string_view field) const {
  const boost::json::value* value = present(in, field);
  if (value == nullptr) return boost::json::object();
  if (!value->is_object()) return wrong(field, "is not an object");
  return value->as_object();
}

Result<std::vector<boost::json::object>> JsonReader::objects(const boost::json::object& in,
                                                             std::string_view field, std::size_t max) const {
  std::vector<boost::json::object> result;
  const boost::json::value* value = present(in, field);
  if (value == nullptr) return result;
  if (!value->is_array()) return wrong(field, "is not a list");
  if (value->as_array().size() > max)
    return wrong(field, "has more than " + std::to_string(max) + " entries");
  for (const boost::json::value& entry : value->as_array()) {
    if (!entry.is_object()) return wrong(field, "is not a list of objects");
    result.push_back(entry.as_object());
  }
  return result;
}

}  // namespace fairlead::runtime
