// SPDX-License-Identifier: Apache-2.0
// What a zone answers, in one line of text:
//   NOERROR aa A 10.96.0.7 5
//   NOERROR aa SRV 0 100 80 web.default.svc.cluster.internal. 5 + web.default... A 10.96.0.7 5
//   NXDOMAIN aa no cluster.internal. 5 5
#pragma once

#include <string>

#include "control/dns/answer.h"
#include "control/dns/text.h"

namespace fairlead::dns {

inline Message query_for(const char* name, Type type) {
  Message query;
  query.header.id = 0xbeef;
  query.header.recursion_desired = true;
  query.questions = {{Name::parse(name).value(), type, Class::in}};
  return query;
}

inline std::string describe(const Record& record) {
  std::string data = "?";
  if (const auto* address = std::get_if<IpAddress>(&record.data)) data = fairlead::format(*address);
  if (const auto* bytes = std::get_if<Bytes>(&record.data))
    data = format_data(record.type, {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  if (const auto* soa = std::get_if<Soa>(&record.data)) data = std::to_string(soa->serial);
  return format(record.type) + " " + data + " " + std::to_string(record.ttl);
}

inline std::string describe(const Message& message) {
  std::string text = format(message.header.rcode);
  if (message.header.authoritative) text += " aa";
  if (message.header.truncated) text += " tc";
  for (const Record& record : message.answers) {
    const bool asked = !message.questions.empty() && record.name == message.questions[0].name;
    text += " " + (asked ? "" : format(record.name) + " ") + describe(record);
  }
  for (const Record& record : message.authorities)
    text += " no " + format(record.name) + " " + std::to_string(record.ttl) + " " +
            std::to_string(std::get<Soa>(record.data).minimum);
  for (const Record& record : message.additionals)
    text += " + " + format(record.name) + " " + describe(record);
  return text;
}

inline std::string asked(const Zone& zone, const char* name, Type type) {
  return describe(decode(reply_to(encode(query_for(name, type)).value(), &zone).octets.value()).value());
}

}  // namespace fairlead::dns
