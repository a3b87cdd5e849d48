// SPDX-License-Identifier: Apache-2.0
// fairlead: the command line. Here stand only options, help and the way from a
// Failure to stderr and the exit code; the commands are in commands.h.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "dataplane/lb/api/answers.h"
#include "orchestrator/cli/bench/bench.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/lb.h"
#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 ok, 1 failed or not ready in time, 2 wrong usage, 3 refused by validation,\n"
    "4 not found, 5 conflict, 6 control plane unreachable; exec: the command's own code, 127 if there is "
    "none.\n"
    "Example: fairlead apply -f web.yaml --wait && fairlead get pods";

struct Connection {
  std::string socket{net::kControlSocket};
  std::string server;
  std::string token_file;
  bool insecure_plaintext = false;
  std::string ns{kDefaultNamespace};
};

struct Everything {
  Connection connection;
  ApplyOptions apply, plan;
  GetOptions get;
  WaitOptions wait;
  DeleteOptions remove;
  EventsOptions events;
  ExplainOptions explain;
  NodeOptions node;
  EdgesOptions edges;
  VersionOptions version;
  LogsOptions logs;
  SnapshotOptions snapshot;
  ExecOptions exec;
  LbOptions lb;
  BenchOptionsOfAll bench;
};

using Run = std::function<Outcome<int>(const Session&)>;

Outcome<int> as_code(Outcome<> done) {
  if (!done) return std::unexpected(std::move(done).error());
  return kOk;
}

CLI::App* command(CLI::App& app, const char* name, const char* what, const char* example) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->footer(std::string("Example: ") + example);
  sub->fallthrough();
  return sub;
}

void add_output(CLI::App& command, std::string& output) {
  command.add_option("-o,--output", output, "table, json or yaml")
      ->check(CLI::IsMember({"table", "json", "yaml"}))
      ->capture_default_str();
}

void add_connection(CLI::App& app, Connection& c) {
  const auto option = [&app](const char* names, std::string& value, const char* what, const char* variable) {
    return app.add_option(names, value, what)->envname(variable)->take_last();
  };
  option("--socket", c.socket, "Unix socket of the control plane", "FAIRLEAD_SOCKET")->capture_default_str();
  option("--server", c.server, "ADDRESS:PORT of the control plane, instead of the socket", "FAIRLEAD_SERVER");
  option("--token-file", c.token_file, "File with the token for --server", "FAIRLEAD_TOKEN_FILE");
  app.add_flag(net::kPlaintextFlag, c.insecure_plaintext,
               "Send the token to a --server beyond loopback without TLS")
      ->envname(net::kPlaintextVariable);
  option("-n,--namespace", c.ns, "Namespace of the objects (default \"default\")", "FAIRLEAD_NAMESPACE");
}

void add_apply(CLI::App& app, Everything& all, Run& run) {
  CLI::App* apply =
      command(app, "apply", "Create or change the objects of a file", "fairlead apply -f web.yaml --wait");
  apply->add_option("-f,--file", all.apply.file, "YAML or JSON; - is stdin")->required();
  apply->add_flag("--dry-run", all.apply.dry_run, "Only show what would change");
  apply->add_option("--expect", all.apply.expect, "Refuse when the cluster is at another revision");
  apply->add_flag("--wait", all.apply.wait, "Wait until the jobs are ready");
  apply->add_option("--timeout", all.apply.timeout, "How long to wait")->capture_default_str();
  add_output(*apply, all.apply.output);
  apply->callback([&] { run = [&all](const Session& s) { return as_code(cli::apply(s, all.apply)); }; });

  CLI::App* plan = command(app, "plan", "Show what apply would change", "fairlead plan -f web.yaml");
  plan->add_option("-f,--file", all.plan.file, "YAML or JSON; - is stdin")->required();
  plan->add_option("--expect", all.plan.expect, "Refuse when the cluster is at another revision");
  add_output(*plan, all.plan.output);
  plan->callback([&] {
    all.plan.dry_run = true;
    run = [&all](const Session& s) { return as_code(cli::apply(s, all.plan)); };
  });

  CLI::App* remove = command(app, "delete", "Delete an object", "fairlead delete job/web");
  remove->add_option("object", all.remove.object, "KIND/NAME or KIND NAME")->required()->expected(1, 2);
  remove->add_option("--expect", all.remove.expect, "Refuse when the object is at another revision");
  add_output(*remove, all.remove.output);
  remove->callback([&] { run = [&all](const Session& s) { return as_code(delete_object(s, all.remove)); }; });
}

void add_get(CLI::App& app, Everything& all, Run& run) {
  CLI::App* get = command(app, "get", "Show objects", "fairlead get nodes,pods,services");
  get->add_option("objects", all.get.objects, "KINDS (comma between them), KIND NAME or KIND/NAME")
      ->required()
      ->expected(1, 2);
  get->add_option("-o,--output", all.get.output, "table, wide, json or yaml")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}))
      ->capture_default_str();
  get->add_flag("-A,--all-namespaces", all.get.all_namespaces, "Of all namespaces");
  get->callback([&] { run = [&all](const Session& s) { return as_code(cli::get(s, all.get)); }; });

  CLI::App* wait = command(
      app, "wait", "Wait until an object is ready or deleted; it must exist, its creation is not waited for",
      "fairlead wait job/web --for ready --timeout 30s");
  wait->add_option("object", all.wait.object, "KIND/NAME or KIND NAME")->required()->expected(1, 2);
  wait->add_option("--for", all.wait.until, "ready or deleted")
      ->check(CLI::IsMember({"ready", "deleted"}))
      ->capture_default_str();
  wait->add_option("--timeout", all.wait.timeout, "How long, like 30s or 2m")->capture_default_str();
  add_output(*wait, all.wait.output);
  wait->callback([&] { run = [&all](const Session& s) { return as_code(cli::wait(s, all.wait)); }; });
}

void add_pods(CLI::App& app, Everything& all, Run& run) {
  CLI::App* logs = command(app, "logs", "Print what a pod wrote", "fairlead logs job/web --tail 20 -f");
  logs->add_option("object", all.logs.object, "A pod, or a job for one of its pods")
      ->required()
      ->expected(1, 2);
  logs->add_option("-c,--container", all.logs.container, "Container; default: the first");
  logs->add_option("--tail", all.logs.tail, "Only so many last lines; 0: none of before");
  logs->add_flag("-f,--follow", all.logs.follow, "Go on as more is written");
  logs->callback([&] { run = [&all](const Session& s) { return as_code(cli::logs(s, all.logs)); }; });

  CLI::App* exec = command(app, "exec", "Run a command in a pod; ends with its exit code",
                           "fairlead exec client -- wget -qO- http://web/");
  exec->add_option("object", all.exec.object, "A pod, or a job for one of its ready pods")->required();
  exec->add_option("-c,--container", all.exec.container, "Container; default: the first");
  exec->add_flag("-i,--stdin", all.exec.with_stdin, "Give it our standard input");
  exec->add_option("command", all.exec.command, "After --: the command and its arguments")->required();
  exec->callback([&] { run = [&all](const Session& s) { return cli::exec(s, all.exec); }; });
}

void add_looks(CLI::App& app, Everything& all, Run& run) {
  CLI::App* explain =
      command(app, "explain", "Say why an object is not placed or not ready", "fairlead explain pod/web-1");
  explain->add_option("object", all.explain.object, "KIND/NAME or KIND NAME")->required()->expected(1, 2);
  add_output(*explain, all.explain.output);
  explain->callback(
      [&] { run = [&all](const Session& s) { return as_code(cli::explain(s, all.explain)); }; });

  CLI::App* events =
      command(app, "events", "Show what happened, and why", "fairlead events pod/web-x1y2z --since 10m");
  events->add_option("object", all.events.object, "Only of this KIND/NAME; it may be gone already");
  events->add_option("--since", all.events.since, "Only of the last 30s, 10m, 2h");
  events->add_option("--limit", all.events.limit, "Only the newest so many");
  events->add_flag("-f,--follow", all.events.follow, "Go on as more happens");
  add_output(*events, all.events.output);
  events->callback([&] { run = [&all](const Session& s) { return as_code(cli::events(s, all.events)); }; });

  CLI::App* node = command(app, "node", "Look at a node", "fairlead node drops n1");
  node->require_subcommand(1);
  const auto look = [&](const char* name, const char* what, const char* example, auto function) {
    CLI::App* one = command(*node, name, what, example);
    one->add_option("node", all.node.node, "Default: all nodes");
    add_output(*one, all.node.output);
    one->callback([&all, &run, function] {
      run = [&all, function](const Session& s) { return as_code(function(s, all.node)); };
    });
  };
  look("drops", "Packets that were dropped, by reason", "fairlead node drops n1", node_drops);
  look("tables", "How full the tables of the dataplane are", "fairlead node tables n1", node_tables);

  CLI::App* edges = command(app, "edges", "Edges that are connected, and which tables they have in place",
                            "fairlead edges");
  add_output(*edges, all.edges.output);
  edges->callback([&] { run = [&all](const Session& s) { return as_code(cli::edges(s, all.edges)); }; });

  CLI::App* version =
      command(app, "version", "Versions of this program and of the control plane", "fairlead version");
  add_output(*version, all.version.output);
  version->callback(
      [&] { run = [&all](const Session& s) { return as_code(cli::version(s, all.version)); }; });
}

void add_snapshot(CLI::App& app, Everything& all, Run& run) {
  CLI::App* snapshot = command(app, "snapshot", "Save, look at and restore all that control stores",
                               "fairlead snapshot save monday.snap");
  snapshot->require_subcommand(1);
  const auto sub = [&](const char* name, const char* what, const char* example) {
    CLI::App* one = command(*snapshot, name, what, example);
    one->add_option("file", all.snapshot.file, "The snapshot")->required();
    add_output(*one, all.snapshot.output);
    return one;
  };
  sub("save", "Write the store at this moment to a file; writes go on meanwhile",
      "fairlead snapshot save monday.snap")
      ->callback([&] { run = [&all](const Session& s) { return as_code(snapshot_save(s, all.snapshot)); }; });
  sub("inspect", "Check a snapshot and say what is in it", "fairlead snapshot inspect monday.snap -o json")
      ->callback([&] { run = [&all](const Session&) { return as_code(snapshot_inspect(all.snapshot)); }; });
  CLI::App* restore =
      sub("restore", "Make a new state folder for control of a snapshot; control is not running",
          "fairlead snapshot restore monday.snap --data /var/lib/fairlead/control");
  restore->add_option("--data", all.snapshot.data, "The state folder to make; one with a store is refused")
      ->required();
  restore->callback(
      [&] { run = [&all](const Session&) { return as_code(snapshot_restore(all.snapshot)); }; });
}

void add_lb(CLI::App& app, Everything& all, Run& run) {
  LbOptions& lb = all.lb;
  CLI::App* group = command(app, "lb", "Look at an edge load balancer, and drain its servers",
                            "fairlead lb backends --lb /run/fairlead/lb.sock");
  group->require_subcommand(1);
  lb.lb = lb::api::kSocket;
  group->add_option("--lb", lb.lb, "Its Unix socket, or ADDRESS:PORT")
      ->envname("FAIRLEAD_LB")
      ->capture_default_str();
  group->add_option("--lb-token-file", lb.token_file, "File with its token, for ADDRESS:PORT");
  const auto sub = [&](const char* name, const char* what, const char* example, auto function) {
    CLI::App* one = command(*group, name, what, example);
    add_output(*one, lb.output);
    one->callback([&all, &run, function] {
      all.lb.insecure_plaintext = all.connection.insecure_plaintext;
      run = [&all, function](const Session&) { return as_code(function(all.lb)); };
    });
    return one;
  };
  sub("status", "The edge, its services, and what it dropped", "fairlead lb status", lb_status);
  sub("backends", "Servers: state, flows, share, and why", "fairlead lb backends --service web", lb_backends)
      ->add_option("--service", lb.service, "Only of this one");
  CLI::App* drain = sub("drain", "A server keeps its connections and gets no new ones",
                        "fairlead lb drain web 192.0.2.11; --undo ends it", lb_drain);
  drain->add_option("service", lb.service, "The service")->required();
  drain->add_option("server", lb.server, "The server's address")->required();
  drain->add_flag("--undo", lb.undo, "It takes new connections again");
  sub("flows", "Remembered flows by server", "fairlead lb flows --service web", lb_flows)
      ->add_option("--service", lb.service, "Only of this one");
  CLI::App* why =
      sub("why", "Where a packet would go, and why: every look-up, and nothing is changed by asking",
          "fairlead lb why tcp 203.0.113.9 40000 198.51.100.1 80 --syn", lb_why);
  why->add_option("packet", lb.packet, "PROTOCOL SOURCE PORT DESTINATION PORT")->required()->expected(5);
  why->add_flag("--syn", lb.syn, "It begins a TCP connection; else it goes on");
  why->add_option("--fragment", lb.fragment, "It is the first of a datagram in pieces, or a later one")
      ->check(CLI::IsMember({"first", "later"}));
  why->add_flag("--icmp-error", lb.icmp_error, "An ICMP error about this flow's answers");
  sub("pipeline", "Packets at each step, and where they ended", "fairlead lb pipeline", lb_pipeline);
  sub("events", "What happened, and why", "fairlead lb events -f", lb_events)
      ->add_flag("-f,--follow", lb.follow, "Go on as more happens");
}

Outcome<Session> open_session(const Connection& c) {
  Session session;
  session.ns = c.ns;
  if (c.server.empty()) {
    session.control.socket = c.socket;
    return session;
  }
  FL_TRY(session.control, net::ServerAddress::parse(c.server));
  if (Result<> may = net::check_plaintext(session.control, c.insecure_plaintext); !may)
    return std::unexpected(Failure(std::move(may).error().within("--server")));
  if (!c.token_file.empty()) {
    FL_TRY(session.control.token, net::read_token(c.token_file));
  }
  return session;
}

int report(const Failure& failure) {
  std::fflush(stdout);
  for (const Error& error : failure.errors) std::fprintf(stderr, "%s\n", printable(format(error)).c_str());
  return failure.exit;
}

std::string typed(int argc, char** argv) {
  std::string line = "fairlead";
  for (int i = 1; i < argc; ++i) line += std::string(" ") + argv[i];
  return line;
}

int main_of(int argc, char** argv) {
  CLI::App app("fairlead: containers with addresses, names and balanced services");
  app.footer(kExitCodes);
  app.require_subcommand(1);
  Everything all;
  Run run;
  add_connection(app, all.connection);
  add_apply(app, all, run);
  add_get(app, all, run);
  add_pods(app, all, run);
  add_looks(app, all, run);
  add_snapshot(app, all, run);
  add_lb(app, all, run);
  all.bench.l4.command = typed(argc, argv);
  add_bench(app, all.bench, [&run](std::function<Result<int>()> chosen) {
    run = [chosen = std::move(chosen)](const Session&) -> Outcome<int> {
      Result<int> done = chosen();
      if (!done) return std::unexpected(Failure(std::move(done).error()));
      return *done;
    };
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  const Outcome<Session> session = open_session(all.connection);
  if (!session) {
    report(session.error());
    return kUsage;
  }
  const Outcome<int> done = run(*session);
  return done ? *done : report(done.error());
}

}  // namespace
}  // namespace fairlead::cli

int main(int argc, char** argv) { return fairlead::cli::main_of(argc, argv); }
