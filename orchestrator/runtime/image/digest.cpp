// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/digest.h"

#include <algorithm>
// The digest itself: EVP would first load OpenSSL's providers, 2 MB that an agent needs for nothing else.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

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
  SHA256_CTX context{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) { FL_CHECK(SHA256_Init(&state_->context) == 1); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  FL_CHECK(SHA256_Update(&state_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> raw;
  FL_CHECK(SHA256_Final(raw.data(), &state_->context) == 1);
  Digest digest;
  for (const unsigned char byte : raw) {
    digest.hex += kHex[byte >> 4U];
    digest.hex += kHex[byte & 15U];
  }
  return digest;
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace fairlead::runtime
