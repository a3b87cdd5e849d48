// SPDX-License-Identifier: Apache-2.0
// Space: a network namespace without a name. Only this process's descriptor holds it, so it is gone, links,
// addresses and programs with it, when the process is, however that ended; there is nothing to clean up.
// Look into one from a shell: nsenter --net=/proc/PID/fd/N.
#pragma once

#include <functional>
#include <string>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::measure {

class Space {
 public:
  // lo is up, no IPv6, rp_filter off. Needs root.
  static Result<Space> make();

  int netns() const { return netns_.get(); }
  std::string path() const;  // for ip: netns PATH
  std::uint64_t inode() const;

  // Runs `work` on a thread inside.
  Result<> inside(const std::function<Result<>()>& work) const;
  // A script of the shell, each line of which must succeed.
  Result<> sh(const std::string& script) const;

 private:
  Fd netns_;
};

// A veth between two spaces, both ends up.
Result<> connect(const Space& a, const std::string& link_a, const Space& b, const std::string& link_b);

// For the calling thread and those that it starts from now on: mounts of their own, with a bpf file system at
// /sys/fs/bpf that nobody else sees, in it a folder for files, which is returned, and a /dev/shm. They go
// with the process.
Result<std::string> own_mounts();

}  // namespace fairlead::measure
