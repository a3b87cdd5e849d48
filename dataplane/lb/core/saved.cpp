// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/core/saved.h"

#include "base/hash.h"
#include "dataplane/model/text.h"
#include "dataplane/model/text_line.h"
#include "dataplane/model/validate.h"

namespace fairlead::lb {
namespace {

constexpr std::string_view kHead = "fairlead-lb state 1\n";
constexpr std::string_view kForwarding = "forwarding\n";

std::string sum_of(std::string_view text) {
  const std::uint64_t sum = StableHash(1).add(text).value();
  std::string line = "sum ";
  for (int i = 60; i >= 0; i -= 4) line += "0123456789abcdef"[sum >> i & 15];
  return line + "\n";
}

std::unexpected<Error> damaged(std::string reason) {
  return fail(Code::corrupt, "state", std::move(reason), "restore the file, or begin anew with --fresh");
}

Result<> read_service(model::LineReader& line, Saved& saved) {
  FL_TRY(const std::string_view name, line.word("service"));
  Saved::Of& of = saved.services[std::string(name)];
  FL_TRY_OK(line.field("number", of.number));
  std::string_view ages = line.take("ages").value_or("");
  while (!ages.empty()) {
    const std::size_t comma = std::min(ages.find(','), ages.size());
    FL_TRY(const auto age, line.number<std::int64_t>(ages.substr(0, comma), "age"));
    of.ages.push_back(Millis{std::max<std::int64_t>(age, 0)});
    ages.remove_prefix(std::min(comma + 1, ages.size()));
  }
  return line.end();
}

Result<> read_line(model::LineReader& line, Saved& saved) {
  FL_TRY(const std::string_view kind, line.word("kind"));
  if (kind == "service") return read_service(line, saved);
  if (kind != "drained") return line.error("\"" + std::string(kind) + "\" is no kind of line");
  FL_TRY(const std::string_view name, line.word("service"));
  FL_TRY(const IpAddress address, line.value_word<IpAddress>("address"));
  saved.services[std::string(name)].drained.push_back(address);
  return line.end();
}

Result<> check(const Saved& saved) {
  if (const Result<> valid = model::validate(saved.forwarding); !valid) return damaged(format(valid.error()));
  for (const auto& [name, of] : saved.services) {
    const auto& services = saved.forwarding.edge.services;
    const auto found = std::ranges::find(services, of.number, &model::EdgeService::number);
    if (found == services.end() || found->history.size() != of.ages.size())
      return damaged("service " + name + " has another history than ages");
  }
  if (saved.services.size() != saved.forwarding.edge.services.size())
    return damaged("its services are not those of its tables");
  return {};
}

}  // namespace

std::string format_saved(const Saved& saved) {
  std::string text(kHead);
  for (const auto& [name, of] : saved.services) {
    text += "service " + name + " number=" + std::to_string(of.number) + " ages=";
    for (std::size_t i = 0; i < of.ages.size(); ++i)
      text += (i == 0 ? "" : ",") + std::to_string(of.ages[i].count());
    text += "\n";
    for (const IpAddress& address : of.drained) text += "drained " + name + " " + format(address) + "\n";
  }
  text += kForwarding;
  text += model::format(saved.forwarding);
  return with_sum(std::move(text));
}

std::string with_sum(std::string text) { return text + sum_of(text); }

Result<Saved> parse_saved(std::string_view text) {
  if (!text.starts_with("fairlead-lb state ")) return damaged("is no state of fairlead-lb");
  if (!text.starts_with(kHead)) return damaged("is of another version");
  const std::size_t sum = text.rfind("sum ");
  if (sum == std::string_view::npos || text.substr(sum) != sum_of(text.substr(0, sum)))
    return damaged("is not whole: its sum is wrong");
  text = text.substr(kHead.size(), sum - kHead.size());
  Saved saved;
  for (std::size_t number = 2; !text.starts_with(kForwarding); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged("has no tables");
    model::LineReader line(text.substr(0, end), number);
    if (const Result<> read = read_line(line, saved); !read) return damaged(format(read.error()));
    text.remove_prefix(end + 1);
  }
  auto forwarding = model::parse(text.substr(kForwarding.size()));
  if (!forwarding) return damaged(format(forwarding.error()));
  saved.forwarding = std::move(*forwarding);
  FL_TRY_OK(check(saved));
  return saved;
}

}  // namespace fairlead::lb
