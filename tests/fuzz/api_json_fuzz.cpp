// SPDX-License-Identifier: Apache-2.0
// Any octets as JSON of the API, in every reader of answers and objects: it is
// refused, or prints and reads to the same value. The binary form of what was
// read is the same object too.
#include "base/check.h"
#include "control/proto/convert.h"
#include "control/proto/stream.h"

namespace {

using namespace fairlead;
using namespace fairlead::proto;

template <class T>
void check(const Result<T>& read, Result<T> (*again)(std::string_view)) {
  if (!read) return;
  const std::string text = to_json(*read);
  const Result<T> back = again(text);
  FL_CHECK(back.has_value(), text, format(back.error()));
  FL_CHECK(*back == *read, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto object = object_from_json(text);
  check(object, object_from_json);
  if (object) {
    const auto binary = decode_object(encode_object(*object));
    FL_CHECK(binary.has_value(), text, format(binary.error()));
    FL_CHECK(*binary == *object, text);
  }
  check(object_list_from_json(text), object_list_from_json);
  check(event_list_from_json(text), event_list_from_json);
  check(apply_result_from_json(text), apply_result_from_json);
  check(drop_list_from_json(text), drop_list_from_json);
  check(table_list_from_json(text), table_list_from_json);
  check(error_list_from_json(text), error_list_from_json);
  check(strings_from_json(text), strings_from_json);
  static_cast<void>(decode_agent_message(text));
  static_cast<void>(decode_control_message(text));
  static_cast<void>(decode_object(text));
  return 0;
}
