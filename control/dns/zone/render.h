// SPDX-License-Identifier: Apache-2.0
// Records as they stand in a message whose question is their owner: the one
// place where an answer's octets are made.
#pragma once

#include <string>
#include <string_view>

#include "control/dns/zone/content.h"
#include "dataplane/model/names/name_table.h"

namespace fairlead::dns {

// The row of a name: sets of A, AAAA, SRV (with their targets' addresses), PTR and SOA. What a row cannot
// hold (a CNAME, more than 255 records, more octets than an entry has) is marked as the server's to answer.
model::NameRow render(std::uint32_t net, const std::string& name, const Owner& owner, const Content& content);

}  // namespace fairlead::dns
