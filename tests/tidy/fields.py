# SPDX-License-Identifier: Apache-2.0
"""Every field of control/catalog/fields.h is documented: those that control and
agents write by a row of docs/api.md, those that people write there or in a
document of docs/spec.md.
"""

import re

SOURCE, API, SPEC = "control/catalog/fields.h", "docs/api.md", "docs/spec.md"

# Where an object that people do not write stands in one's JSON; the others by their own names.
PATHS = {
    "NodeStatus": "node.status.",
    "HostAddresses": "node.hosts.",
    "Node": "node.",
    "JobStatus": "job.status.",
    "PodStatus": "pod.status.",
    "Pod": "pod.",
    "ServicePort": "service.ports.",
    "Service": "service.",
}
_OBJECT = re.compile(r"template Ref<(\w+)> o.*?\) \{\n(.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r'\b(?:v|http|tcp)\.(?:field|list|object|alternative|constant|accepted)\("(\w+)"')


def described(text):
    """(object, field) for each that fields.h describes."""
    return [(name, field) for name, body in _OBJECT.findall(text) for field in _FIELD.findall(body)]


def in_step(tree):
    cells = re.findall(r"^\| (`.*?) \|", tree.texts.get(API, ""), re.MULTILINE)
    rows = {name for cell in cells for name in re.findall(r"`([\w.]+)`", cell)}
    rows |= {name.rpartition(".")[0] for name in rows}  # an object is documented by its fields
    keys = set(re.findall(r"\b(\w+):", "".join(re.findall(r"```yaml\n(.*?)```", tree.texts.get(SPEC, ""), re.DOTALL))))
    wrong = []
    for name, field in described(tree.texts.get(SOURCE, "")):
        row = PATHS.get(name, "" if name == "Meta" else name.lower() + ".") + field
        if row not in rows and (name in PATHS or field not in keys):
            wrong.append(f"{API}: `{row}` has no row" + ("" if name in PATHS else f", and no document in {SPEC} has it"))
    return wrong


_SAMPLE = """void fields(V& v, typename V::template Ref<Probe> o) {
  v.field("failures", o.failures);
}

void fields(V& v, typename V::template Ref<PodStatus> o) {
  v.field("failures", o.failures);
}
"""
_SPECIFIED = {SOURCE: _SAMPLE, SPEC: "```yaml\nready: {failures: 3}\n```\n"}
CHECKS = {
    "fields_are_documented": (
        in_step,
        [
            (_SPECIFIED | {API: "| `pod.status.why` | the cause, not `pod.status.failures` |\n"}, "`pod.status.failures`"),
            (_SPECIFIED | {API: "| `pod.status.failures` | in a row |\n", SPEC: "failures: 3\n"}, "`probe.failures`"),
        ],
        _SPECIFIED | {API: "| `pod.status.why`, `pod.status.failures` | of its end |\n"},
    ),
}
