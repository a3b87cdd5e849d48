// SPDX-License-Identifier: Apache-2.0
// Checker: collects what is wrong with one parsed object, each with the place
// of the field it names, or of the nearest enclosing one that has a place.
// validate.cpp, probes.cpp and capacity.cpp use it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orchestrator/spec/spec.h"

namespace fairlead::spec {

class Checker {
 public:
  explicit Checker(const Parsed& parsed) : parsed_(parsed) {}

  // `value` as it is to be shown; empty: the reason speaks of the field itself.
  void complain(const std::string& path, std::string value, std::string reason, std::string remedy,
                Code code = Code::invalid) {
    if (found_.size() >= document::kMaxDiagnostics) return;
    found_.push_back(Diagnostic{position(path), path, std::move(value), std::move(reason), std::move(remedy),
                                parsed_.file, code});
  }
  template <class T>
  void range(const std::string& path, T value, T from, T to) {
    if (value >= from && value <= to) return;
    complain(path, std::to_string(value), "is outside " + std::to_string(from) + " to " + std::to_string(to),
             "Write a number in between");
  }
  bool clean() const { return found_.empty(); }
  std::vector<Diagnostic> take() { return std::move(found_); }

 private:
  Position position(std::string path) const {
    while (true) {
      if (const auto at = parsed_.positions.find(path); at != parsed_.positions.end()) return at->second;
      if (path.empty()) return {};
      const std::size_t cut = path.find_last_of(".[");
      path.resize(cut == std::string::npos ? 0 : cut);
    }
  }

  const Parsed& parsed_;
  std::vector<Diagnostic> found_;
};

// A program and its arguments, as for a command or a probe.
void check_words(Checker& out, const std::string& path, const std::vector<std::string>& words);
// `all`: the pod's containers, whose ports have one name space.
void check_probe(Checker& out, const std::string& path, const Probe& probe,
                 const std::vector<Container>& all);

}  // namespace fairlead::spec
