// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/run/machine.h"

#include <cstdlib>
#include <sys/utsname.h>

#include "base/io/file.h"
#include "commit.h"
#include "dataplane/measure/run/setting.h"

namespace fairlead::measure {
namespace {

std::string cpu_model() {
  constexpr std::string_view kKey = "model name\t: ";
  const std::string text = read_file("/proc/cpuinfo").value_or("");
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return "CPU";
  return text.substr(at + kKey.size(), text.find('\n', at) - at - kKey.size());
}

}  // namespace

void describe_machine(Report& report) {
  utsname kernel{};
  ::uname(&kernel);
  report.version = FAIRLEAD_VERSION;
  report.commit = FAIRLEAD_COMMIT;
  report.kernel = std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine;
  report.machine = std::to_string(usable_cpus().size()) + " x " + cpu_model();
  report.load = std::strtod(read_file("/proc/loadavg").value_or("0").c_str(), nullptr);
}

}  // namespace fairlead::measure
