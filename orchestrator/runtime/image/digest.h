// SPDX-License-Identifier: Apache-2.0
// Digests of the OCI image specification: "sha256:<64 hex>". Other algorithms
// are refused by name.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::runtime {

struct Digest {
  std::string hex;  // 64 lower-case digits

  static Result<Digest> parse(std::string_view text);
  auto operator<=>(const Digest&) const = default;
};

std::string format(const Digest& digest);  // "sha256:..."

// Bytes in, digest out. One use.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(std::string_view bytes);

}  // namespace fairlead::runtime
