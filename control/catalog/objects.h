// SPDX-License-Identifier: Apache-2.0
// The objects of the API as plain values: Namespace, Node, Job, Pod, Service, Network, Ring.
// spec/ reads them from documents, control/proto carries them as fairlead.v1
// messages, the store keeps them; every pure core decides on them. A field
// stands here once and is described once, in fields.h, from which the YAML
// and JSON forms and the protobuf conversion are made.
//
// Facts only: liveness that changes by the second (heartbeats) is not here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/revision.h"
#include "base/strong.h"
#include "base/time.h"

namespace fairlead {

using Labels = std::map<std::string, std::string>;

enum class Kind : std::uint8_t { namespace_, node, job, pod, service, network, ring };
inline constexpr std::array kKinds{Kind::namespace_, Kind::node,    Kind::job, Kind::pod,
                                   Kind::service,    Kind::network, Kind::ring};
// `kind:` of a document, in the order of kKinds.
inline constexpr std::array<std::string_view, kKinds.size()> kDocumentKinds{
    "Namespace", "Node", "Job", "Pod", "Service", "Network", "Ring"};

// What every object has. Names are DNS labels (RFC 1123, at most 63 octets).
// Nodes, Namespaces and Networks belong to no namespace: theirs is empty.
struct Meta {
  std::string name;
  std::string ns;
  Labels labels;
  std::string uid;    // set once by control; a new object of the same name has another
  Revision revision;  // of the last write; 0 in a document means "whatever it is"
  WallTime created{};
  bool operator==(const Meta&) const = default;
};

struct Namespace {
  Meta meta;
  std::string network;  // of its pods and services; empty: the default one
  bool operator==(const Namespace&) const = default;
};

struct Resources {
  std::uint32_t cpu_milli = 100;           // thousandths of a core; YAML `cpu: 0.25`
  std::uint64_t memory_bytes = 64U << 20;  // YAML `memory: 64MiB`
  std::uint32_t pids = 256;
  bool operator==(const Resources&) const = default;
};

enum class Protocol : std::uint8_t { tcp, udp };

struct ContainerPort {
  std::string name;  // YAML `ports: {http: 8080, dns: 53/udp}`
  std::uint16_t port = 0;
  Protocol protocol = Protocol::tcp;
  bool operator==(const ContainerPort&) const = default;
};

// What the node's agent asks a container again and again: a connection or a GET
// to the pod's address, or a program that it runs inside.
struct Probe {
  enum class Type : std::uint8_t { tcp, http, exec };
  Type type = Type::tcp;
  std::string port;               // tcp, http: name of a ContainerPort
  std::string path = "/";         // http: 200..399 is well
  std::vector<std::string> exec;  // exec: the program and its arguments; exit 0 is well
  Millis every{1000};
  Millis timeout{1000};
  std::uint32_t failures = 3;  // so many in a row count
  Millis after{0};             // the first is asked so long after the container's start
  bool operator==(const Probe&) const = default;
};

struct Container {
  std::string name;
  std::string image;  // a layout or an archive below the agent's image folder: "oci:LAYOUT[:TAG]"
  std::vector<std::string> command;  // replaces the image's entrypoint and command when not empty
  Labels env;
  Resources resources;
  std::vector<ContainerPort> ports;
  std::optional<Probe> ready;  // none: ready as soon as it runs
  std::optional<Probe> live;   // failed: the container is stopped and started again
  bool operator==(const Container&) const = default;
};

enum class Scope : std::uint8_t { cluster, edge };  // who may ask: pods and nodes; also the world, by edges

// One line of `expose`: service port -> a container's named port.
struct Expose {
  std::uint16_t port = 0;
  std::string to;
  Scope scope = Scope::cluster;
  bool operator==(const Expose&) const = default;
};

enum class Spread : std::uint8_t { node, none };  // node: as evenly over nodes as possible; none: pack

struct Place {
  Spread spread = Spread::node;
  Labels nodes;  // YAML `place: {nodes: {disk: ssd}}`: only nodes that carry these labels
  bool operator==(const Place&) const = default;
};

struct Update {
  std::uint32_t surge = 1;        // so many pods above `replicas` while replacing
  std::uint32_t unavailable = 0;  // so many below
  Millis drain{0};                // between the last new flow to a pod that goes and its TERM
  bool operator==(const Update&) const = default;
};

// What a pod runs; two jobs' pods differ exactly when their templates do.
struct PodTemplate {
  std::vector<Container> containers;
  Millis grace{10000};  // between TERM and KILL
  bool operator==(const PodTemplate&) const = default;
};

struct JobStatus {
  std::uint32_t pods = 0;  // that exist and are wanted
  std::uint32_t ready = 0;
  std::uint32_t updated = 0;  // of the newest template
  std::string why;            // first cause when fewer are ready than wanted
  bool operator==(const JobStatus&) const = default;
};

struct Job {
  Meta meta;
  std::uint32_t replicas = 1;
  PodTemplate pod;
  std::vector<Expose> expose;
  Place place;
  Update update;
  JobStatus status;
  bool operator==(const Job&) const = default;
};

enum class PodPhase : std::uint8_t {
  placed,    // has a node and addresses; the node has not begun
  starting,  // the node makes it
  running,   // its containers run, not (yet) ready
  ready,     // an endpoint
  failed,    // could not start or exited; will be tried again after a backoff
  stopping,  // wanted gone: TERM sent
  gone,      // the node has removed everything of it
};
inline constexpr std::array<std::string_view, 7> kPodPhaseNames{"placed", "starting", "running", "ready",
                                                                "failed", "stopping", "gone"};
std::string_view to_string(PodPhase phase);

// As the node's agent last reported it.
struct PodStatus {
  PodPhase phase = PodPhase::placed;
  std::uint32_t restarts = 0;
  std::string why;                        // first cause, blank when healthy
  std::optional<std::int32_t> exit_code;  // of the last end
  WallTime since{};                       // of this phase
  WallTime next_try{};                    // failed: when it is started again
  std::uint32_t failures = 0;  // in a row, of the container with the most; an agent goes on from it
  bool operator==(const PodStatus&) const = default;
};

struct Pod {
  Meta meta;
  std::string job;  // of the same namespace
  std::string node;
  std::string network;  // its namespace's when it was made; empty: the default one
  PodTemplate pod;
  std::string template_hash;  // of `pod`, to see which pods an update has reached
  IpAddress ipv4;             // leased in the transaction that places the pod
  IpAddress ipv6;
  std::uint32_t epoch = 0;  // generation of its addresses
  bool stop = false;        // wanted gone; the agent removes it, then control deletes the object
  bool lost = false;        // with stop: replaced while its node was silent; no endpoint any more, nowhere
  Millis drain{0};          // as its job's update said when it was placed, or told to stop
  PodStatus status;
  bool operator==(const Pod&) const = default;
};

struct ServicePort {
  std::string name;          // the container port's name
  std::uint16_t port = 0;    // at the VIP
  std::uint16_t target = 0;  // at the pod
  Protocol protocol = Protocol::tcp;
  Scope scope = Scope::cluster;
  bool operator==(const ServicePort&) const = default;
};

// Made by control from a job's `expose`; has the job's name.
struct Service {
  Meta meta;
  std::string job;
  std::string network;  // its namespace's when it was made; empty: the default one
  IpAddress vip4;       // leased
  IpAddress vip6;
  std::vector<ServicePort> ports;
  bool operator==(const Service&) const = default;
};

enum class NodeState : std::uint8_t { ready, silent };

struct NodeStatus {
  NodeState state = NodeState::ready;
  WallTime since{};
  std::string kernel;   // "6.18.44"
  std::string version;  // of the agent
  std::string why;      // it takes no new pods, though it is ready; empty: it does
  bool operator==(const NodeStatus&) const = default;
};

// A node's own addresses in one network: those of its host endpoint there. Leased.
struct HostAddresses {
  std::string network;
  IpAddress ipv4;
  IpAddress ipv6;
  bool operator==(const HostAddresses&) const = default;
};

struct Node {
  Meta meta;
  std::uint16_t number = 0;  // leased at join, 1..4095, for life: its row in every VTEP table
  IpAddress address;         // underlay: the VTEP
  IpAddress host4;           // leased addresses of the host endpoint in the default network
  IpAddress host6;
  std::vector<HostAddresses> hosts;  // in every other network, by its name
  std::uint32_t cpu_milli = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t max_pods = 0;
  std::uint32_t uplink_mtu = 0;  // as its agent last said; 0: never
  NodeStatus status;
  bool operator==(const Node&) const = default;
};

// vxlan: pods' packets travel between nodes in an overlay header. native: they
// travel as they are, and the link between the nodes must let them.
enum class NetworkMode : std::uint8_t { vxlan, native };

// What a network's addresses are drawn from; no two pools of a cluster overlap.
struct NetworkPools {
  Prefix pods4, pods6;  // pods and host endpoints
  Prefix vips4, vips6;  // services and the node's DNS address
  bool operator==(const NetworkPools&) const = default;
};

// Pods of one network reach each other, its services and its names, and nothing
// of another network. A Namespace belongs to one.
struct Network {
  Meta meta;
  std::uint32_t index = 0;  // set once by control: in every key of the dataplane
  std::uint32_t vni = 0;    // on the wire, 1..16777215
  NetworkPools pools;
  std::optional<std::uint32_t> mtu;  // of its pods' links; none: what the node's uplink leaves
  NetworkMode mode = NetworkMode::vxlan;
  bool operator==(const Network&) const = default;
};

// One change of a ring: whose pods' addresses came and went, and when.
struct RingStep {
  WallTime at{};
  std::vector<IpAddress> joined, left;
  bool operator==(const RingStep&) const = default;
};

// What older steps have made of the ring; a slot is an index of `members`, two letters each (ring_text.h).
struct RingBase {
  std::vector<IpAddress> members;
  std::string slots;
  bool operator==(const RingBase&) const = default;
};

// The ring by which edges choose a pod of a service, as the history of its changes (docs/adr/0026): whoever
// replays it has the same ring. Made by control for a service that the world may ask; has the service's name.
struct Ring {
  Meta meta;
  std::uint32_t number = 0;          // 1..: the service's, on every edge
  std::vector<IpAddress> members;    // who takes new flows now: behind the newest step
  RingBase base;                     // before the oldest
  std::vector<RingStep> steps;       // the oldest first
  std::uint32_t settled = 0;         // of them, from the first: no flow from before needs them
  std::vector<IpAddress> unreached;  // ready, but no edge reaches them: no members, unless all are
  bool operator==(const Ring&) const = default;
};

using Object = std::variant<Namespace, Node, Job, Pod, Service, Network, Ring>;

Kind kind_of(const Object& object);
bool in_namespace(Kind kind);  // rather than of the whole cluster
const Meta& meta_of(const Object& object);
Meta& meta_of(Object& object);
std::string_view to_string(Kind kind);  // "namespace", "node", "job", "pod", "service", "network", "ring"

// "job/web" in the default namespace, "job/shop/web" elsewhere, "node/n1".
std::string display_name(Kind kind, std::string_view ns, std::string_view name);
std::string display_name(const Object& object);

inline constexpr std::string_view kDefaultNamespace = "default";

}  // namespace fairlead
