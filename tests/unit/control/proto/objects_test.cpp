// SPDX-License-Identifier: Apache-2.0
// One truth: an object's JSON by fields.h is protobuf's own JSON of the same
// object, and both forms give the object back.
#include <boost/json.hpp>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "control/proto/api.pb.h"
#include "control/proto/convert.h"
#include "control/proto/message.h"
#include "tests/support/random_objects.h"

namespace fairlead::proto {
namespace {

constexpr std::uint64_t kObjects = 800;

std::string protobuf_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return text;
}

std::string protobuf_json_of(const Object& object) {
  v1::Object m;
  fill_object(m, object);
  if (m.has_namespace_()) return protobuf_json(m.namespace_());
  if (m.has_node()) return protobuf_json(m.node());
  if (m.has_job()) return protobuf_json(m.job());
  if (m.has_pod()) return protobuf_json(m.pod());
  if (m.has_network()) return protobuf_json(m.network());
  return protobuf_json(m.service());
}

Job web() {
  Job job;
  job.meta.name = "web";
  job.meta.ns = "shop";
  job.replicas = 0;
  Container c;
  c.name = "web";
  c.image = "oci:images/nginx";
  c.resources = {250, 64U << 20, 256};
  c.ports = {{"dns", 53, Protocol::udp}, {"http", 8080, Protocol::tcp}};
  c.ready.emplace().type = Probe::Type::http;
  c.ready->port = "http";
  job.pod.containers = {c};
  job.expose = {{80, "http"}};
  return job;
}

TEST(Objects, TheJsonOfAJobIsTheDocument) {
  EXPECT_EQ(
      to_json(Object(web())),
      R"({"kind":"Job","name":"web","namespace":"shop","type":"service","replicas":0,"containers":[)"
      R"({"name":"web","image":"oci:images/nginx","resources":{"cpu":0.25,"memory":"64MiB","pids":256},)"
      R"("ports":{"dns":"53/udp","http":"8080"},"ready":{"http":{"port":"http","path":"/"},"every":"1s",)"
      R"("timeout":"1s","failures":3}}],"grace":"10s","expose":[{"port":80,"to":"http"}],)"
      R"("place":{"spread":"node"},"update":{"surge":1}})");
}

TEST(Objects, JsonEqualsProtobufsOwn) {
  for (std::uint64_t seed = 0; seed < kObjects; ++seed) {
    const Object object = tests::RandomObjects(seed).any();
    ASSERT_EQ(boost::json::parse(to_json(object)), boost::json::parse(protobuf_json_of(object)))
        << "seed " << seed << "\n"
        << to_json(object) << "\n"
        << protobuf_json_of(object);
  }
}

TEST(Objects, BinaryAndJsonGiveTheObjectBack) {
  for (std::uint64_t seed = 0; seed < kObjects; ++seed) {
    const Object object = tests::RandomObjects(seed).any();
    const auto binary = decode_object(encode_object(object));
    ASSERT_TRUE(binary.has_value()) << "seed " << seed << " " << format(binary.error());
    ASSERT_TRUE(*binary == object) << "seed " << seed << "\n" << to_json(object) << "\n" << to_json(*binary);
    const auto json = object_from_json(to_json(object));
    ASSERT_TRUE(json.has_value()) << "seed " << seed << " " << format(json.error());
    ASSERT_TRUE(*json == object) << "seed " << seed << "\n" << to_json(object) << "\n" << to_json(*json);
  }
}

TEST(Objects, ProtobufsJsonIsReadBack) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Object object = tests::RandomObjects(seed).any();
    const auto json = object_from_json(protobuf_json_of(object));
    ASSERT_TRUE(json.has_value()) << "seed " << seed << " " << format(json.error());
    ASSERT_TRUE(*json == object) << "seed " << seed;
  }
}

TEST(Objects, FieldsOfANewerVersionAreSkipped) {
  const auto read = object_from_json(R"({"kind":"Namespace","name":"shop","colour":"red"})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(meta_of(*read).name, "shop");
}

TEST(Objects, TruncatedAndFlippedBytesAreRefusedOrRead) {
  const std::string bytes = encode_object(Object(web()));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    refused += decode_object(bytes.substr(0, i)).has_value() ? 0 : 1;
    for (const int bit : {1, 8, 128}) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ bit);
      if (const auto read = decode_object(flipped); !read) {
        EXPECT_EQ(read.error().code, Code::corrupt);
      }
    }
  }
  EXPECT_GE(refused, bytes.size() - 1);
}

TEST(Objects, AStatusOfOddBytesIsStoredReadably) {
  Pod pod;
  pod.meta.name = "web-1";
  pod.status.why = "exec: \xFF\xFE";
  const auto read = decode_object(encode_object(Object(pod)));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(std::get<Pod>(*read).status.why, "exec: ??");
}

}  // namespace
}  // namespace fairlead::proto
