// SPDX-License-Identifier: Apache-2.0
#include "control/proto/reflect.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include "base/check.h"

namespace fairlead::proto {
namespace {

namespace pb = google::protobuf;
using document::Value;
using Cpp = pb::FieldDescriptor::CppType;

Value number(double d) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", d);
  return Value::number(text.data());
}

Value scalar_of(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& at = *message.GetReflection();
  switch (field.cpp_type()) {
    case Cpp::CPPTYPE_STRING:
      return Value::string(at.GetString(message, &field));
    case Cpp::CPPTYPE_UINT32:
      return Value::number(std::to_string(at.GetUInt32(message, &field)));
    case Cpp::CPPTYPE_INT32:
      return Value::number(std::to_string(at.GetInt32(message, &field)));
    case Cpp::CPPTYPE_DOUBLE:
      return number(at.GetDouble(message, &field));
    case Cpp::CPPTYPE_UINT64:
      return Value::scalar(Value::Type::quoted_number, std::to_string(at.GetUInt64(message, &field)));
    case Cpp::CPPTYPE_BOOL:
      return Value::scalar(Value::Type::boolean, at.GetBool(message, &field) ? "true" : "false");
    case Cpp::CPPTYPE_MESSAGE:
      return value_of(at.GetMessage(message, &field));
    default:
      break;
  }
  FL_CHECK(false, field.full_name());
  return {};
}

Value map_of(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& at = *message.GetReflection();
  std::vector<std::pair<std::string, Value>> entries;
  for (int i = 0; i < at.FieldSize(message, &field); ++i) {
    const pb::Message& entry = at.GetRepeatedMessage(message, &field, i);
    const pb::Descriptor& type = *entry.GetDescriptor();
    entries.emplace_back(entry.GetReflection()->GetString(entry, type.map_key()),
                         scalar_of(entry, *type.map_value()));
  }
  std::ranges::sort(entries, {}, &std::pair<std::string, Value>::first);
  Value map = Value::map();
  for (auto& [key, value] : entries) map.add(std::move(key), std::move(value));
  return map;
}

Value list_of(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& at = *message.GetReflection();
  Value list = Value::list();
  for (int i = 0; i < at.FieldSize(message, &field); ++i) {
    const bool text = field.cpp_type() == Cpp::CPPTYPE_STRING;
    list.items.push_back(text ? Value::string(at.GetRepeatedString(message, &field, i))
                              : value_of(at.GetRepeatedMessage(message, &field, i)));
  }
  return list;
}

void fill_scalar(pb::Message& message, const pb::FieldDescriptor& field, const Value& value) {
  const pb::Reflection& at = *message.GetReflection();
  const char* text = value.text.c_str();
  switch (field.cpp_type()) {
    case Cpp::CPPTYPE_STRING:
      return at.SetString(&message, &field, as_utf8(value.text));
    case Cpp::CPPTYPE_UINT32:
      return at.SetUInt32(&message, &field, static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)));
    case Cpp::CPPTYPE_INT32:
      return at.SetInt32(&message, &field, static_cast<std::int32_t>(std::strtol(text, nullptr, 10)));
    case Cpp::CPPTYPE_UINT64:
      return at.SetUInt64(&message, &field, std::strtoull(text, nullptr, 10));
    case Cpp::CPPTYPE_DOUBLE:
      return at.SetDouble(&message, &field, std::strtod(text, nullptr));
    case Cpp::CPPTYPE_BOOL:
      return at.SetBool(&message, &field, value.text == "true");
    case Cpp::CPPTYPE_MESSAGE:
      return fill(*at.MutableMessage(&message, &field), value);
    default:
      break;
  }
  FL_CHECK(false, field.full_name());
}

void fill_repeated(pb::Message& message, const pb::FieldDescriptor& field, const Value& value) {
  const pb::Reflection& at = *message.GetReflection();
  for (const Value& item : value.items) {
    if (field.cpp_type() == Cpp::CPPTYPE_STRING)
      at.AddString(&message, &field, as_utf8(item.text));
    else
      fill(*at.AddMessage(&message, &field), item);
  }
}

void fill_map(pb::Message& message, const pb::FieldDescriptor& field, const Value& value) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    pb::Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    const pb::Descriptor& type = *entry.GetDescriptor();
    fill_scalar(entry, *type.map_key(), Value::string(value.keys[i].text));
    fill_scalar(entry, *type.map_value(), value.items[i]);
  }
}

}  // namespace

bool parse(pb::Message& message, std::string_view bytes) {
  [[maybe_unused]] static auto* const silenced = pb::SetLogHandler(nullptr);
  constexpr std::size_t kLargest = std::size_t{64} << 20;
  return bytes.size() <= kLargest && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string as_utf8(std::string text) {
  if (!document::is_utf8(text))
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

Value value_of(const pb::Message& message) {
  Value value = Value::map();
  std::vector<const pb::FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const pb::FieldDescriptor* field : set) {
    if (field->is_map())
      value.add(field->name(), map_of(message, *field));
    else if (field->is_repeated())
      value.add(field->name(), list_of(message, *field));
    else
      value.add(field->name(), scalar_of(message, *field));
  }
  return value;
}

void fill(pb::Message& message, const Value& value) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const pb::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(value.keys[i].text);
    FL_CHECK(field != nullptr, message.GetTypeName(), value.keys[i].text);
    if (field->is_map())
      fill_map(message, *field, value.items[i]);
    else if (field->is_repeated())
      fill_repeated(message, *field, value.items[i]);
    else
      fill_scalar(message, *field, value.items[i]);
  }
}

}  // namespace fairlead::proto
