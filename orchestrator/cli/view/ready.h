// SPDX-License-Identifier: Apache-2.0
// When is something ready, or gone? Decided from the objects themselves, not
// from a job's status, which may lag behind its newest template by a moment.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "control/catalog/objects.h"

namespace fairlead::cli {

struct Progress {
  bool done = false;
  std::string text;  // "3/3 ready", "gone"
  std::string why;   // first cause when not done; may be blank
  bool operator==(const Progress&) const = default;
};

// All replicas of the newest template are ready, and no pod of an older one is wanted.
Progress job_ready(const Job& job, std::span<const Pod> pods);
// Neither the job nor a pod of it is left.
Progress job_gone(bool job_exists, const std::string& ns, const std::string& name, std::span<const Pod> pods);
// Every wanted pod behind its address is ready, and there is one.
Progress service_ready(const Service& service, std::span<const Pod> pods);
// A pod, a node; other kinds are ready as soon as they exist.
Progress object_ready(const Object& object);

// The pod that a job's name means for exec and logs: the first ready one by
// name, else (for logs) the first of any state.
std::optional<Pod> choose_pod(const std::string& job, std::span<const Pod> pods, bool must_be_ready);

}  // namespace fairlead::cli
