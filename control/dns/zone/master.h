// SPDX-License-Identifier: Apache-2.0
// Master files: records as RFC 1035 section 5 writes them, to Content and back.
// Every zone begins with its SOA. What would be answered wrongly is refused with
// file and line: names of no zone of the files, delegations, wildcards, DNAME, an alias
// beside other data, $INCLUDE and $GENERATE, classes other than IN.
#pragma once

#include <span>
#include <string>

#include "control/dns/zone/content.h"

namespace fairlead::dns {

struct MasterFile {
  std::string name;  // for errors
  std::string text;
};

// All files together make one content; a zone's records may stand in several. The content's revision is the
// first SOA's serial.
Result<Content> parse_master(std::span<const MasterFile> files);

// One file that says the same, names in order. Not: zones that are asked elsewhere, and names found by a
// rule.
std::string format_master(const Content& content);

}  // namespace fairlead::dns
