// SPDX-License-Identifier: Apache-2.0
#include "control/store/snapshot/snapshot_file.h"

#include <istream>
#include <optional>
#include <utility>

namespace fairlead::store {
namespace {

constexpr std::string_view kMagic = "FLSNAP01";
constexpr std::size_t kMaxText = kMaxTxnBytes;

void add_u64(std::string& out, std::uint64_t value, int bits = 64) {
  for (int shift = 0; shift < bits; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

void add_text(std::string& out, std::string_view text) {
  add_u64(out, text.size(), 32);
  out.append(text);
}

std::string summed(StableHash& sum, std::string bytes) {
  for (const char c : bytes) sum.add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  return bytes;
}

// Reads pieces and sums them; the first failure stays.
class Reader {
 public:
  explicit Reader(std::istream& in) : in_(in) {}

  std::optional<std::string> bytes(std::size_t size) {
    std::string text(size, '\0');
    in_.read(text.data(), static_cast<std::streamsize>(size));
    if (static_cast<std::size_t>(in_.gcount()) != size) return std::nullopt;
    at_ += size;
    return summed(sum_, std::move(text));
  }
  std::optional<std::uint64_t> number(std::size_t octets) {
    const auto text = bytes(octets);
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < octets; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>((*text)[i])) << (8 * i);
    return value;
  }
  std::optional<std::string> text() {
    const auto size = number(4);
    if (!size || *size > kMaxText) return std::nullopt;
    return bytes(*size);
  }
  bool at_end() { return in_.peek() == std::istream::traits_type::eof(); }
  std::uint64_t sum() const { return sum_.value(); }
  std::unexpected<Error> damaged(const std::string& what) const {
    return fail(Code::corrupt, "snapshot", what + " at byte " + std::to_string(at_),
                "use another snapshot; this one was cut short or has changed");
  }

 private:
  std::istream& in_;
  std::uint64_t at_ = 0;
  StableHash sum_;
};

Result<SnapshotHead> read_head(Reader& reader) {
  const auto magic = reader.bytes(kMagic.size());
  if (!magic) return reader.damaged("the head ends");
  if (magic->substr(0, 6) != kMagic.substr(0, 6))
    return fail(Code::invalid, "snapshot", "it does not begin as one",
                "name a file that snapshot save wrote");
  if (*magic != kMagic)
    return fail(Code::unsupported, "snapshot", "written by another version (" + magic->substr(6) + ")",
                "read it with that version");
  SnapshotHead head;
  auto cluster = reader.text();
  const auto revision = reader.number(8);
  const auto made = reader.number(8);
  if (!cluster || !revision || !made) return reader.damaged("the head ends");
  head.cluster = std::move(*cluster);
  head.revision = Revision{*revision};
  head.made = WallTime(Millis(static_cast<Millis::rep>(*made)));
  return head;
}

std::optional<KeyValue> read_item(Reader& reader) {
  auto key = reader.text();
  auto value = key ? reader.text() : std::nullopt;
  const auto create = value ? reader.number(8) : std::nullopt;
  const auto mod = create ? reader.number(8) : std::nullopt;
  if (!mod || key->empty() || key->size() > kMaxKeyBytes || *create == 0 || *create > *mod)
    return std::nullopt;
  return KeyValue{std::move(*key), std::move(*value), Revision{*create}, Revision{*mod}};
}

}  // namespace

std::string SnapshotEncoder::head(const SnapshotHead& head) {
  std::string out(kMagic);
  add_text(out, head.cluster);
  add_u64(out, head.revision.value);
  add_u64(out, static_cast<std::uint64_t>(head.made.time_since_epoch().count()));
  return summed(sum_, std::move(out));
}

std::string SnapshotEncoder::item(const KeyValue& item) {
  ++keys_;
  std::string out(1, '\1');
  add_text(out, item.key);
  add_text(out, item.value);
  add_u64(out, item.create_revision.value);
  add_u64(out, item.mod_revision.value);
  return summed(sum_, std::move(out));
}

std::string SnapshotEncoder::tail() {
  std::string out(1, '\0');
  add_u64(out, keys_);
  out = summed(sum_, std::move(out));
  add_u64(out, sum_.value());
  return out;
}

Result<SnapshotSummary> read_snapshot(std::istream& in, const std::function<Result<>(KeyValue)>& each) {
  Reader reader(in);
  SnapshotSummary summary;
  FL_TRY(summary.head, read_head(reader));
  std::string last;
  for (;;) {
    const auto more = reader.number(1);
    if (!more || *more > 1) return reader.damaged(more ? "no key and no end" : "the file ends");
    if (*more == 0) break;
    auto item = read_item(reader);
    if (!item || item->key <= last || item->mod_revision > summary.head.revision)
      return reader.damaged("a key that cannot be read");
    last = item->key;
    ++summary.keys;
    summary.bytes += item->key.size() + item->value.size();
    FL_TRY_OK(each(std::move(*item)));
  }
  const auto keys = reader.number(8);
  const std::uint64_t expected = reader.sum();
  const auto sum = reader.number(8);
  if (!keys || !sum || *keys != summary.keys || !reader.at_end()) return reader.damaged("the end is wrong");
  if (*sum != expected) return reader.damaged("the checksum is wrong");
  return summary;
}

}  // namespace fairlead::store
