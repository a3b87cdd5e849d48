// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

// DESIGN.md, "What a user sees", without what belongs to later capabilities.
constexpr std::string_view kWeb = R"(kind: Job
name: web
namespace: shop
type: service
replicas: 3
containers:
  - name: web
    image: oci:images/nginx
    resources: {cpu: 0.25, memory: 64MiB}
    ports: {http: 8080}
    ready: {http: {port: http, path: /}, every: 1s}
expose:
  - {port: 80, to: http, scope: cluster}
place: {spread: node}
update: {surge: 1, unavailable: 0}
)";

std::string told(const std::vector<Diagnostic>& mistakes) {
  std::string text;
  for (const Diagnostic& d : mistakes) text += format(d) + "\n";
  return text;
}

std::vector<Parsed> parse(std::string_view text, std::string_view ns = kDefaultNamespace) {
  auto parsed = parse_documents("a.yaml", text, ns);
  EXPECT_TRUE(parsed.has_value()) << told(parsed.error());
  return parsed.value_or(std::vector<Parsed>{});
}

TEST(Parse, TheJobOfTheDesign) {
  const auto objects = parse(kWeb);
  ASSERT_EQ(objects.size(), 1U);
  const Job& job = std::get<Job>(objects[0].object);
  EXPECT_EQ(job.meta.name, "web");
  EXPECT_EQ(job.meta.ns, "shop");
  EXPECT_EQ(job.replicas, 3U);
  ASSERT_EQ(job.pod.containers.size(), 1U);
  const Container& c = job.pod.containers[0];
  EXPECT_EQ(c.resources.cpu_milli, 250U);
  EXPECT_EQ(c.resources.memory_bytes, 64U << 20);
  EXPECT_EQ(c.ports, (std::vector<ContainerPort>{{"http", 8080, Protocol::tcp}}));
  ASSERT_TRUE(c.ready.has_value());
  EXPECT_EQ(c.ready->type, Probe::Type::http);
  EXPECT_EQ(c.ready->every, Millis(1000));
  EXPECT_EQ(job.expose, (std::vector<Expose>{{80, "http"}}));
}

TEST(Parse, EveryFieldKnowsItsPlace) {
  const auto objects = parse(kWeb);
  ASSERT_EQ(objects.size(), 1U);
  const Positions& at = objects[0].positions;
  EXPECT_EQ(at.at("containers[0].resources.cpu"), (Position{9, 22}));
  EXPECT_EQ(at.at("replicas"), (Position{5, 11}));
  EXPECT_EQ(at.at("expose[0]"), (Position{13, 5}));
}

TEST(Parse, DefaultsAreThoseOfTheObject) {
  const auto objects = parse("kind: Job\nname: a\ncontainers:\n  - {name: a, image: oci:a}\n", "shop");
  ASSERT_EQ(objects.size(), 1U);
  Job expected;
  expected.meta.name = "a";
  expected.meta.ns = "shop";
  Container c;
  c.name = "a";
  c.image = "oci:a";
  expected.pod.containers = {c};
  EXPECT_TRUE(std::get<Job>(objects[0].object) == expected);
}

TEST(Parse, SeveralDocumentsAndEmptyOnes) {
  const auto objects =
      parse("---\n---\nkind: Namespace\nname: shop\n---\n# nothing\n---\nkind: Namespace\nname: tools\n");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(display_name(objects[1].object), "namespace/tools");
}

TEST(Parse, JsonAndListsOfIt) {
  const auto objects = parse(R"({"kind": "List", "revision": "41", "items": [
    {"kind": "Namespace", "name": "shop", "revision": "7"},
    {"kind": "Job", "name": "a", "replicas": 0, "containers": [{"name": "a", "image": "oci:a",
     "env": {"SMILE": "\ud83d\ude00"}}]}]})");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(meta_of(objects[0].object).revision, Revision(7));
  EXPECT_EQ(std::get<Job>(objects[1].object).replicas, 0U);
  EXPECT_EQ(std::get<Job>(objects[1].object).pod.containers[0].env.at("SMILE"), "\xF0\x9F\x98\x80");
}

TEST(Parse, AWordIsATextWhereATextIsAsked) {
  const auto objects = parse(
      "kind: Namespace\nname: no\nlabels: {country: no, on: yes, octal: 010, version: 1.0, quoted: "
      "\"true\"}\n");
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(meta_of(objects[0].object).name, "no");
  EXPECT_EQ(
      meta_of(objects[0].object).labels,
      (Labels{{"country", "no"}, {"octal", "010"}, {"on", "yes"}, {"quoted", "true"}, {"version", "1.0"}}));
}

TEST(Parse, PortsWithProtocols) {
  const auto objects = parse(
      "kind: Job\nname: a\ncontainers:\n  - {name: a, image: oci:a, ports: {http: 8080, dns: 53/udp, alt: "
      "\"81\", x: 9/tcp}}\n");
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(std::get<Job>(objects[0].object).pod.containers[0].ports,
            (std::vector<ContainerPort>{{"alt", 81, Protocol::tcp},
                                        {"dns", 53, Protocol::udp},
                                        {"http", 8080, Protocol::tcp},
                                        {"x", 9, Protocol::tcp}}));
}

TEST(Format, YamlIsWhatAPersonWouldWrite) {
  const auto objects = parse(kWeb);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(format_yaml(objects[0].object), R"(kind: Job
name: web
namespace: shop
type: service
replicas: 3
containers:
  - name: web
    image: oci:images/nginx
    resources: {cpu: 0.25, memory: 64MiB, pids: 256}
    ports: {http: 8080}
    ready: {http: {port: http, path: /}, every: 1s, timeout: 1s, failures: 3}
grace: 10s
expose:
  - {port: 80, to: http}
place: {spread: node}
update: {surge: 1}
)");
}

TEST(Format, TextsThatLookLikeSomethingElseAreQuoted) {
  Namespace ns;
  ns.meta.name = "no";
  ns.meta.labels = {{"a", "010"}, {"b", "true"}, {"c", "1.0"}, {"d", "ssd"}};
  EXPECT_EQ(format_yaml(Object(ns)),
            "kind: Namespace\nname: \"no\"\nlabels: {a: \"010\", b: \"true\", c: \"1.0\", d: ssd}\n");
}

}  // namespace
}  // namespace fairlead::spec
