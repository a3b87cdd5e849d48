// SPDX-License-Identifier: Apache-2.0
// logfmt on stderr, one line per event. error: a promise to the user is broken
// now. warn: degraded, will retry. info: state changed, one line per
// transition. debug: why. Log where an error is handled; return it where it is
// not; never both; never a secret.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace fairlead::log {

enum class Level { debug, info, warn, error };
using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

void set_level(Level level);
Result<Level> parse_level(std::string_view name);

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace fairlead::log
