// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/nets/counters.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/file.h"

namespace fairlead::measure {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostBytes = 256 * 1024;

std::string reread(const Fd& fd) {
  std::string text;
  std::array<char, 16384> part{};
  while (fd && text.size() < kMostBytes) {
    const ssize_t n = ::pread(fd.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (n <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  return text;
}

// "Udp: InDatagrams RcvbufErrors\nUdp: 5 0": the number below that name.
std::uint64_t named_number(const std::string& text, const std::string& family, const std::string& name) {
  std::istringstream lines(text);
  std::string names, numbers;
  while (std::getline(lines, names))
    if (names.starts_with(family + ": ") && std::getline(lines, numbers)) {
      std::istringstream words(names), values(numbers);
      for (std::string word, value; words >> word && values >> value;)
        if (word == name) return std::strtoull(value.c_str(), nullptr, 10);
    }
  return 0;
}

// Columns with a name in the first line, a line for each CPU, hexadecimal.
std::uint64_t conntrack_number(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  std::string line, word;
  std::getline(lines, line);
  std::istringstream names(line);
  int column = -1;
  for (int i = 0; names >> word; ++i)
    if (word == name) column = i;
  std::uint64_t sum = 0;
  while (column >= 0 && std::getline(lines, line)) {
    std::istringstream values(line);
    for (int i = 0; i <= column; ++i) values >> word;
    sum += std::strtoull(word.c_str(), nullptr, 16);
  }
  return sum;
}

std::uint64_t run_ns(const fs::path& schedstat) {
  const Result<std::string> text = read_file(schedstat, 256);
  return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

std::uint64_t run_ns_of_process(const fs::path& process) {
  std::uint64_t sum = 0;
  std::error_code none;
  for (const auto& task : fs::directory_iterator(process / "task", none))
    sum += run_ns(task.path() / "schedstat");
  return sum;
}

std::vector<fs::path> processes() {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/proc", none))
    if (const std::string name = entry.path().filename();
        name.find_first_not_of("0123456789") == std::string::npos)
      found.push_back(entry.path());
  return found;
}

}  // namespace

Counts since(const Counts& before, const Counts& now) {
  Counts grown;
  for (const auto& [name, count] : now) {
    const auto old = before.find(name);
    const std::uint64_t was = old == before.end() ? 0 : old->second;
    if (count > was) grown[name] = count - was;
  }
  return grown;
}

Result<SpaceCounters> SpaceCounters::open(const Space& space, const std::vector<std::string>& links) {
  SpaceCounters made;
  made.links_ = links;
  FL_TRY_OK(space.inside([&]() -> Result<> {
    const auto open = [](const char* name) {
      return Fd(::open((std::string("/proc/thread-self/net/") + name).c_str(), O_RDONLY | O_CLOEXEC));
    };
    made.dev_ = open("dev");
    made.snmp_ = open("snmp");
    made.netstat_ = open("netstat");
    made.conntrack_ = open("stat/nf_conntrack");
    return made.dev_ ? Result<>() : std::unexpected(os_error(errno, "/proc/net/dev"));
  }));
  return made;
}

SpaceCounters::Link SpaceCounters::links() const {
  Link sum;
  std::istringstream lines(reread(dev_));
  for (std::string line; std::getline(lines, line);) {
    std::ranges::replace(line, ':', ' ');
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (std::ranges::find(links_, name) == links_.end()) continue;
    std::array<std::uint64_t, 16> n{};  // octets packets errors drops ... both ways
    for (std::uint64_t& number : n) words >> number;
    sum.in += n[1];
    sum.in_drops += n[2] + n[3];
    sum.out += n[9];
    sum.out_drops += n[10] + n[11];
  }
  return sum;
}

std::uint64_t SpaceCounters::packets() const {
  const Link now = links();
  return now.in + now.out;
}

std::uint64_t SpaceCounters::received() const { return links().in; }

Counts SpaceCounters::drops() const {
  const Link link = links();
  const std::string snmp = reread(snmp_), netstat = reread(netstat_), conntrack = reread(conntrack_);
  return {{"LINK_IN", link.in_drops},
          {"LINK_OUT", link.out_drops},
          {"UDP_BUFFER", named_number(snmp, "Udp", "RcvbufErrors")},
          {"UDP_NO_PORT", named_number(snmp, "Udp", "NoPorts")},
          {"IP_NO_ROUTE", named_number(snmp, "Ip", "OutNoRoutes")},
          {"LISTEN_FULL", named_number(netstat, "TcpExt", "ListenDrops")},
          {"CONNTRACK_DROP", conntrack_number(conntrack, "drop")},
          {"CONNTRACK_INSERT", conntrack_number(conntrack, "insert_failed")}};
}

std::vector<int> processes_in(const std::vector<std::uint64_t>& spaces) {
  std::vector<int> found;
  if (spaces.empty()) return found;
  for (const fs::path& process : processes()) {
    struct stat net{};
    if (::stat((process / "ns/net").c_str(), &net) != 0) continue;
    if (std::ranges::find(spaces, net.st_ino) != spaces.end())
      found.push_back(std::atoi(process.filename().c_str()));
  }
  return found;
}

CpuMeter::CpuMeter(std::vector<int> threads, std::vector<std::uint64_t> spaces)
    : threads_(std::move(threads)), spaces_(std::move(spaces)) {
  for (const fs::path& process : processes()) {
    const Result<std::string> name = read_file(process / "comm", 64);
    if (name && name->starts_with("ksoftirqd/")) softirq_.push_back(std::atoi(process.filename().c_str()));
  }
}

std::uint64_t CpuMeter::nanoseconds() const {
  std::uint64_t sum = 0;
  for (const int thread : threads_)
    sum += run_ns(fs::path("/proc/self/task") / std::to_string(thread) / "schedstat");
  for (const int process : softirq_) sum += run_ns(fs::path("/proc") / std::to_string(process) / "schedstat");
  for (const int process : processes_in(spaces_))
    sum += run_ns_of_process(fs::path("/proc") / std::to_string(process));
  return sum;
}

std::uint64_t CpuMeter::waited() const {
  std::uint64_t sum = 0;
  for (const int thread : threads_) {
    const auto text = read_file(fs::path("/proc/self/task") / std::to_string(thread) / "schedstat", 256);
    if (text && text->contains(' ')) sum += std::strtoull(text->c_str() + text->find(' '), nullptr, 10);
  }
  return sum;
}

MachineTime machine_time() {
  const Result<std::string> text = read_file("/proc/stat", kMostBytes);
  std::istringstream words(text.value_or("cpu"));
  std::string name;
  words >> name;
  std::array<std::uint64_t, 8> n{};  // user nice system idle iowait irq softirq steal
  for (std::uint64_t& number : n) words >> number;
  MachineTime time;
  time.steal = n[7];
  for (const std::uint64_t number : n) time.all += number;
  time.busy = time.all - n[3] - n[4] - n[7];
  return time;
}

}  // namespace fairlead::measure
