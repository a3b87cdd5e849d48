// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/image_reference.h"

#include <algorithm>
#include <optional>

namespace fairlead {
namespace {

constexpr std::size_t kMaxReference = 255;
constexpr std::string_view kRemedy =
    "write oci:FOLDER[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]";

constexpr std::array<std::pair<std::string_view, ImageSource>, 3> kSources{{
    {"oci:", ImageSource::layout},
    {"oci-archive:", ImageSource::oci_archive},
    {"docker-archive:", ImageSource::docker_archive},
}};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

// "a/b.c": relative, no empty, "." or ".." part.
bool is_safe_path(std::string_view path) {
  while (true) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == ".." || !std::ranges::all_of(part, is_letter)) return false;
    if (part.size() == path.size()) return true;
    path.remove_prefix(part.size() + 1);
  }
}

}  // namespace

Result<ImageReference> parse_image_reference(std::string_view text) {
  const std::string shown = "image \"" + std::string(text.substr(0, kMaxReference)) + "\"";
  const auto refuse = [&](Code code, const char* reason) {
    return fail(code, shown, reason, std::string(kRemedy));
  };
  if (text.size() > kMaxReference) return refuse(Code::invalid, "is longer than 255 characters");
  const auto found =
      std::ranges::find_if(kSources, [&](const auto& source) { return text.starts_with(source.first); });
  if (found == kSources.end())
    return refuse(Code::unsupported, "needs image registries, which this version does not have");
  text.remove_prefix(found->first.size());
  ImageReference result;
  result.source = found->second;
  const std::size_t colon = text.find(':');
  result.path = text.substr(0, colon);
  if (!is_safe_path(result.path))
    return refuse(Code::invalid, "names nothing below the node's images folder");
  if (colon == std::string_view::npos) return result;
  result.tag = text.substr(colon + 1);
  if (result.tag.empty() || !std::ranges::all_of(result.tag, is_letter))
    return refuse(Code::invalid, "has a tag that is not made of letters, digits, '.', '_' and '-'");
  return result;
}

std::string format(const ImageReference& reference) {
  const auto source = std::ranges::find(kSources, reference.source, [](const auto& s) { return s.second; });
  return std::string(source->first) + reference.path + (reference.tag.empty() ? "" : ":" + reference.tag);
}

}  // namespace fairlead
