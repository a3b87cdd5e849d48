# SPDX-License-Identifier: Apache-2.0
"""Two name servers, one set of records (dnspython).

  write FOLDER               example.zone and reverse.zone
  ask SERVER NAME TYPE       its code, and what the answer holds, in order
  compare FOLDER ONE TWO     every name of the zones, names near them, by every type, by UDP, with EDNS, by TCP: code,
                             flags, answer with TTLs, SOA of a "no" are alike
"""

import pathlib
import random
import sys

import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import dns.rcode
import dns.zone

TYPES = ["A", "AAAA", "SRV", "PTR", "TXT", "CNAME", "MX", "NS", "SOA", "TYPE65280", "HTTPS"]
HOSTS = 250


def write(folder):
    lines = [
        "$TTL 1h",
        "$ORIGIN example.",
        "@ SOA ns admin ( 7 7200 900",
        "      86400 45 ) ; negative answers live for 45 s",
        "  NS ns",
        "  NS ns2",
        "  MX 10 h1",
        '  TXT "of the zone" "second; string"',
        "ns A 192.0.2.53",
        "ns2 30 AAAA 2001:db8::53",
        "Mixed.Case A 192.0.2.9",
        "a.b.c.d A 192.0.2.10",
        "odd TYPE65280 \\# 4 00ff10aa",
        "alias CNAME h1",
        "alias2 CNAME alias",
        "away CNAME www.example.net.",
        "dangling CNAME nobody",
        "long TXT " + " ".join(f'"{i:03} {"x" * 200}"' for i in range(12)),
    ]
    for i in range(HOSTS):
        lines.append(f"h{i} {60 + i} A 192.0.{2 + i // 250}.{i % 250}")
        if i % 2:
            lines.append(f"   {60 + i} AAAA 2001:db8::{i:x}")
        if i % 5 == 0:
            lines.append(f"_http._tcp.h{i} SRV 0 {i} 80 h{i}")
    lines += [f"many{n} A 10.{n}.0.{i}" for n in range(8) for i in range(10 + 20 * n)]
    (folder / "example.zone").write_text("\n".join(lines) + "\n")
    back = ["$ORIGIN 2.0.192.in-addr.arpa.", "$TTL 60", "@ SOA ns.example. admin.example. 7 7200 900 86400 45", "@ NS ns.example."]
    back += [f"{i} PTR h{i}.example." for i in range(250)]
    (folder / "reverse.zone").write_text("\n".join(back) + "\n")


def rows(section):
    return sorted((str(s.name).lower(), s.ttl, s.rdtype, r.to_text().lower()) for s in section for r in s)


def seen(reply):
    flags = reply.flags & (dns.flags.QR | dns.flags.AA | dns.flags.TC | dns.flags.RD)
    if reply.flags & dns.flags.TC:  # what it holds then is nobody's concern
        return reply.rcode(), flags, [], []
    soa = [s for s in reply.authority if s.rdtype == dns.rdatatype.SOA]
    return reply.rcode(), flags, rows(reply.answer), rows(soa)


def questions(folder):
    names = set()
    for file in ("example.zone", "reverse.zone"):
        for name in dns.zone.from_file(str(folder / file), relativize=False).nodes:
            text = str(name)
            names |= {text, "nobody." + text, text.split(".", 1)[1]}
    names |= {"H1.EXAMPLE.", "b.c.d.example.", "c.d.example.", "_tcp.h5.example.", "*.example."}
    return sorted(n for n in names if n.endswith(("example.", "2.0.192.in-addr.arpa.")))


def compare(folder, one, two):
    asked = truncated = 0
    draw = random.Random(7)
    for name in questions(folder):
        for kind in TYPES:
            edns = draw.choice([None, 512, 1232, 4096])
            query = dns.message.make_query(name, kind, use_edns=edns is not None and 0, payload=edns or 0)
            both = [dns.query.udp(query, server, timeout=5) for server in (one, two)]
            by_tcp = both[0].flags & dns.flags.TC or draw.randrange(20) == 0
            truncated += bool(both[0].flags & dns.flags.TC)
            pairs = [both]
            if by_tcp:
                pairs.append([dns.query.tcp(query, server, timeout=5) for server in (one, two)])
            for ours, theirs in pairs:
                asked += 1
                if seen(ours) != seen(theirs):
                    sys.exit(f"{name} {kind} EDNS {edns}:\n{ours}\n--- {two}:\n{theirs}")
    print(f"{asked} questions, {truncated} answers did not fit a datagram: alike")
    if asked < 10000 or truncated < 5:
        sys.exit("too few questions")


def ask(server, name, kind):
    reply = dns.query.udp(dns.message.make_query(name, kind), server, timeout=2)
    print(dns.rcode.to_text(reply.rcode()), *[r.to_text() for s in reply.answer for r in s])


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "ask":
        ask(*rest)
    else:
        {"write": write, "compare": compare}[command](pathlib.Path(rest[0]), *rest[1:])
