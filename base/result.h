// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. Everything that can fail outside our own
// code returns one. An Error is written for a person: which thing, why, and
// what to do; `code` is for programs (HTTP status, exit code, retry or not).
// Our own broken invariants are not Errors: they abort (base/check.h).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead {

enum class Code : std::uint8_t {
  invalid,      // the input is wrong and stays wrong
  not_found,    // the named thing does not exist
  exists,       // it exists already
  conflict,     // the thing changed meanwhile: read again, try again
  exhausted,    // a bound or a pool is used up
  unavailable,  // a peer or a resource is away; trying later may help
  denied,       // the principal may not do this
  unsupported,  // a capability that this version or machine lacks
  corrupt,      // bytes on disk or wire that we wrote differently
  compacted,    // the revision asked for is no longer kept: list again and go on from there
  timeout,
  io,  // the operating system refused
};

std::string_view to_string(Code code);

struct Error {
  Code code = Code::invalid;
  std::string object;  // the thing: "job/web", "/var/lib/x", "pod/web-1"
  std::string reason;  // why, without a final full stop
  std::string remedy;  // what to do; empty only when nothing can be done

  // One layer's context, outermost first: "place pod/web-1: pool pods: ...".
  Error within(std::string_view outer) && {
    object = object.empty() ? std::string(outer) : std::string(outer) + ": " + object;
    return std::move(*this);
  }
  bool operator==(const Error&) const = default;
};

// "object: reason. remedy"
std::string format(const Error& error);

// The error of a failed system call: errno's text as the reason.
Error os_error(int errno_value, std::string object, std::string remedy = "");

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string object, std::string reason,
                                   std::string remedy = "") {
  return std::unexpected(Error{code, std::move(object), std::move(reason), std::move(remedy)});
}

}  // namespace fairlead

#define FL_CAT_(a, b) a##b
#define FL_CAT(a, b) FL_CAT_(a, b)

// FL_TRY(auto value, call()): the value, or return the error.
#define FL_TRY(declaration, expression)                                      \
  auto FL_CAT(fl_result_, __LINE__) = (expression);                          \
  if (!FL_CAT(fl_result_, __LINE__))                                         \
    return std::unexpected(std::move(FL_CAT(fl_result_, __LINE__)).error()); \
  declaration = std::move(*FL_CAT(fl_result_, __LINE__))

// FL_TRY_OK(call()): for Result<void>.
#define FL_TRY_OK(expression)                                                                            \
  do {                                                                                                   \
    if (auto fl_result = (expression); !fl_result) return std::unexpected(std::move(fl_result).error()); \
  } while (false)
