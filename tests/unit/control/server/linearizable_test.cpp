// SPDX-License-Identifier: Apache-2.0
// Concurrent users of the HTTP API, over restarts and kills of control: what they were
// answered is what one copy of the cluster would have answered.
#include "tests/support/linearizable.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include "control_house.h"

namespace fairlead::server {
namespace {

using Type = Operation::Type;

class ApiHistory : public ControlHouse {
 protected:
  // A job's `replicas` is the register.
  static std::string job(const std::string& name, const std::string& value) {
    return "kind: Job\nname: " + name + "\nreplicas: " + value +
           "\ncontainers:\n  - {name: c, image: \"oci:none\"}\n";
  }

  // Key x is written, with ?expect= too; y is written and deleted, with an expected revision too.
  void client(std::uint64_t seed, int operations) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < operations; ++i) {
      Operation one;
      one.key = random() % 2 == 0 ? "x" : "y";
      const bool deletes = one.key == "y" && random() % 3 == 0;
      one.value = deletes ? "" : std::to_string(++values_);
      std::string expect;
      switch (random() % 4) {
        case 0:
        case 1:
          one.type = Type::read;
          break;
        case 2:
          one.type = Type::write;
          break;
        default:
          if (!read_before(one, expect)) return;
      }
      if (!record(one, expect)) return;  // control is gone, and with it this user
    }
  }

  // A swap of what stands now, or a write where nothing does.
  bool read_before(Operation& swap, std::string& expect) {
    Operation read;
    read.key = swap.key;
    if (!record(read, expect)) return false;
    swap.expected = read.value;
    swap.type = read.value.empty() ? Type::write : Type::swap;
    if (read.value.empty()) expect.clear();
    return true;
  }

  bool record(Operation& one, std::string& expect) {
    one.called = ++clock_;
    const int status = call(one, expect);
    const std::lock_guard lock(mutex_);
    // Refused: the job's status may have changed and its value not, so it tells nothing.
    if (status != 412) history_.push_back(one);
    swaps_ += one.swapped ? 1 : 0;
    return status != 0;
  }

  // The status; 0: never answered. Whatever else control says is a failure: nothing here is wrong or too
  // much.
  int call(Operation& one, std::string& expect) {
    const bool reads = one.type == Type::read, deletes = !reads && one.value.empty();
    const auto method = reads ? net::Method::get : deletes ? net::Method::delete_ : net::Method::put;
    const std::string path = "/v1/namespaces/default/jobs/" + one.key;
    // ?expect= lets a PUT make anew what was deleted meanwhile; the revision in a document does not.
    const bool in_document = !reads && !deletes && one.key == "y" && !expect.empty();
    const std::string revision = in_document ? "revision: " + expect + "\n" : "";
    const std::string query = in_document || expect.empty() ? "" : "?expect=" + expect;
    const auto reply = net::call(
        address(), {method, path + query, reads || deletes ? "" : job(one.key, one.value) + revision,
                    "application/yaml", Millis(10000)});
    // A control that is stopping says so, and not what has become of the call.
    if (!reply || (stops_ && reply->status == 503)) return 0;
    if (reply->status != 200 && reply->status != 404 && reply->status != 412) {
      ADD_FAILURE() << "status " << reply->status << " for " << path << query << ": " << reply->body;
      return 0;
    }
    if (reply->status == 404) one = Operation{Type::read, one.key, "", "", false, one.called, 0};
    if (reads) one.value.clear();
    if (reads && reply->status == 200) {
      const auto object = proto::object_from_json(reply->body);
      if (!object) {
        ADD_FAILURE() << format(object.error()) << ": " << reply->body;
        return 0;
      }
      one.value = std::to_string(std::get<Job>(*object).replicas);
      expect = std::to_string(meta_of(*object).revision.value);
    }
    one.swapped = one.type == Type::swap && reply->status == 200;
    one.answered = ++clock_;
    return reply->status;
  }

  std::size_t unanswered() const {
    return static_cast<std::size_t>(std::ranges::count(history_, Operation::kNever, &Operation::answered));
  }

  // A history of too few answers would be linearizable, too.
  void check(const char* how, std::size_t least) {
    const auto violation = find_violation(history_);
    EXPECT_FALSE(violation) << *violation;
    EXPECT_GE(history_.size() - unanswered(), least);
    EXPECT_GT(swaps_, 0);
    std::printf(
        "%zu calls of 4 users over 3 lives of control, %s, are linearizable (%zu never answered, %d "
        "expectations met)\n",
        history_.size(), how, unanswered(), swaps_);
  }

  std::atomic<std::uint64_t> clock_ = 0;
  std::atomic<std::uint64_t> values_ = 0;
  std::atomic<bool> stops_ = false;
  std::mutex mutex_;
  std::vector<Operation> history_;
  int swaps_ = 0;
};

// A real fairlead-control on the same folder and socket.
class Process {
 public:
  Process(const std::string& state, const std::string& socket) : pid_(::fork()) {
    if (pid_ != 0) return;
    const std::string program = std::string(std::getenv("FL_BUILD_DIR")) + "/bin/fairlead-control";
    ::execl(program.c_str(), program.c_str(), "--state-dir", state.c_str(), "--socket", socket.c_str(),
            "--log-level", "error", nullptr);
    ::_exit(127);
  }
  ~Process() { kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

TEST_F(ApiHistory, UsersOverRestartsSeeOneCopy) {
  for (std::uint64_t life = 0; life < 3; ++life) {
    start();
    std::vector<std::thread> users;
    for (std::uint64_t user = 0; user < 4; ++user)
      users.emplace_back([this, life, user] { client(life * 10 + user, 12); });
    stops_ = life == 1;
    if (stops_) stop();  // under them
    for (std::thread& user : users) user.join();
    stop();
    stops_ = false;
  }
  check("stopped", 60);
}

TEST_F(ApiHistory, UsersOverKillsSeeOneCopy) {
  for (std::uint64_t life = 0; life < 3; ++life) {
    Process control(folder_ / "state", folder_ / "control.sock");
    ASSERT_TRUE(soon([&] {
      const auto reply = net::call(address(), {net::Method::get, "/v1/version", "", "", Millis(1000)});
      return reply && reply->status == 200;
    }));
    std::vector<std::thread> users;
    for (std::uint64_t user = 0; user < 4; ++user)
      users.emplace_back([this, life, user] { client(life * 10 + user, 40); });
    // Under them: a life has more than 320 calls and answers.
    EXPECT_TRUE(soon([&] { return clock_ >= (life + 1) * 120; })) << "control is slow or deaf";
    control.kill();
    for (std::thread& user : users) user.join();
  }
  EXPECT_GT(unanswered(), 0U) << "control was not killed under its users";
  check("killed", 100);
}

}  // namespace
}  // namespace fairlead::server
