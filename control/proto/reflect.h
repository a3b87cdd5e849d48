// SPDX-License-Identifier: Apache-2.0
// Value <-> protobuf message, by reflection and field name: the reason why no
// object's conversion is written by hand. Used by convert.cpp and stream.cpp only.
//
// A field that the message does not know is our own broken invariant (fields.h
// and api.proto disagree) and aborts; a message's fields that are unknown to us
// are a newer version's and are skipped by protobuf.
#pragma once

#include "control/document/value.h"

namespace google::protobuf {
class Message;
}

namespace fairlead::proto {

// Set fields only: a zero of an `optional` field is there, any other zero is not.
document::Value value_of(const google::protobuf::Message& message);
void fill(google::protobuf::Message& message, const document::Value& value);

// Bytes -> message; false when they are none. Protobuf's own log stays silent:
// a peer must not be able to write into ours.
bool parse(google::protobuf::Message& message, std::string_view bytes);

// Texts of ours that are not UTF-8 (a program's words in `why`) get a '?' for each odd byte.
std::string as_utf8(std::string text);

}  // namespace fairlead::proto
