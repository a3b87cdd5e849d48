// SPDX-License-Identifier: Apache-2.0
// Types, codes and record data as people write them (RFC 1035 section 5.1;
// RFC 3597 for what has no words of its own: TYPE65280, "\# 2 00ff").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/dns/message.h"

namespace fairlead::dns {

std::string format(Type type);
Result<Type> parse_type(std::string_view text);
std::string format(Rcode rcode);

// Record data in wire form without compression, and back. Names in text are absolute, or relative to
// `origin`.
std::string format_data(Type type, std::string_view data);
Result<std::string> parse_data(Type type, std::string_view text, const Name& origin);

// A name as text writes it: absolute with a final dot, else below `origin`; "@" is the origin.
// Of printable octets only, and none that lines of records have another use for (quotes, semicolons, parentheses, $, @, backslashes).
Result<Name> parse_name(std::string_view text, const Name& origin);

// Wire form that is known to be one.
Name name_of(std::string_view wire);

}  // namespace fairlead::dns
