// SPDX-License-Identifier: Apache-2.0
#include "control/proto/convert.h"

#include "control/catalog/fields.h"
#include "control/proto/api.pb.h"
#include "control/proto/message.h"
#include "control/proto/reflect.h"

namespace fairlead::proto {
namespace {

using document::Reader;

google::protobuf::Message& sub_message(v1::Object& message, Kind kind) {
  switch (kind) {
    case Kind::namespace_:
      return *message.mutable_namespace_();
    case Kind::node:
      return *message.mutable_node();
    case Kind::job:
      return *message.mutable_job();
    case Kind::pod:
      return *message.mutable_pod();
    case Kind::network:
      return *message.mutable_network();
    case Kind::ring:
      return *message.mutable_ring();
    case Kind::service:
      break;
  }
  return *message.mutable_service();
}

const google::protobuf::Message* sub_message(const v1::Object& message) {
  switch (message.object_case()) {
    case v1::Object::kNamespace:
      return &message.namespace_();
    case v1::Object::kNode:
      return &message.node();
    case v1::Object::kJob:
      return &message.job();
    case v1::Object::kPod:
      return &message.pod();
    case v1::Object::kService:
      return &message.service();
    case v1::Object::kNetwork:
      return &message.network();
    case v1::Object::kRing:
      return &message.ring();
    case v1::Object::OBJECT_NOT_SET:
      break;
  }
  return nullptr;
}

}  // namespace

void fill_object(v1::Object& message, const Object& object) {
  fill(sub_message(message, kind_of(object)), to_value(object));
}

Result<Object> object_of(const v1::Object& message) {
  const google::protobuf::Message* sub = sub_message(message);
  if (sub == nullptr) return fail(Code::corrupt, "object", "is of an unknown kind", "Upgrade this program");
  return from_value(value_of(*sub));
}

void fill_status(v1::PodStatus& message, const PodStatus& status) {
  fill(message, document::Writer::write(status));
}

Result<PodStatus> status_of(const v1::PodStatus& message) {
  PodStatus status;
  Reader reader(Reader::Strictness::programs);
  reader.read(value_of(message), status);
  if (reader.diagnostics().empty()) return status;
  Error error = document::to_error(reader.diagnostics().front());
  error.code = Code::corrupt;
  return std::unexpected(std::move(error));
}

std::string encode_object(const Object& object) {
  v1::Object message;
  fill_object(message, object);
  return message.SerializeAsString();
}

Result<Object> decode_object(std::string_view bytes) {
  v1::Object message;
  if (!parse(message, bytes)) return fail(Code::corrupt, "object", "is not a fairlead.v1.Object", "");
  return object_of(message);
}

}  // namespace fairlead::proto
