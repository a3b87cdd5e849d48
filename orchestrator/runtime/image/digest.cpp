// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/digest.h"

#include <algorithm>
#include <openssl/evp.h>

#include "base/check.h"

namespace fairlead::runtime {
namespace {

constexpr std::string_view kAlgorithm = "sha256:";
constexpr std::size_t kHexDigits = 64;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  const std::string shown(text.substr(0, 80));
  if (!text.starts_with(kAlgorithm))
    return fail(Code::unsupported, "digest \"" + shown + "\"", "is not sha256");
  text.remove_prefix(kAlgorithm.size());
  if (text.size() != kHexDigits || !std::ranges::all_of(text, is_lower_hex))
    return fail(Code::invalid, "digest \"" + shown + "\"", "is not 64 lower-case hexadecimal digits");
  return Digest{std::string(text)};
}

std::string format(const Digest& digest) { return std::string(kAlgorithm) + digest.hex; }

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  FL_CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  FL_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  FL_CHECK(EVP_DigestFinal_ex(state_->context, raw.data(), &size) == 1);
  Digest digest;
  for (unsigned i = 0; i < size; ++i) {
    digest.hex += kHex[raw[i] >> 4U];
    digest.hex += kHex[raw[i] & 15U];
  }
  return digest;
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace fairlead::runtime
