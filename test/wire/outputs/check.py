"""Reads a run's JUnit XML and OpenMetrics as others read them, and prints as JSON what it found and what is wrong.

JUnit: Python's expat, and the rules of the junit-10.xsd of Jenkins' xUnit plugin, to which are added what Ant and GitLab want.
OpenMetrics: the parser of Prometheus' own client library, which refuses what the standard forbids.
"""

import json
import re
import sys
from xml.etree import ElementTree

from prometheus_client.openmetrics.parser import text_string_to_metric_families

FAULT = ({"type", "message"}, set(), set())
# By element: attributes that it must have, others that it may have, children that it may have.
RULES = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"group", "hostname", "id", "package", "file", "log", "url"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name", "classname", "time"}, {"group"}, {"failure", "error", "skipped"}),
    "failure": FAULT,
    "error": FAULT,
    "skipped": FAULT,
}
TIME = re.compile(r"\d+(\.\d+)?")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def junit(path):
    root = ElementTree.parse(path).getroot()
    wrong = [] if root.tag == "testsuites" else [f"the root is {root.tag}"]
    for element in root.iter():
        must, may, children = RULES.get(element.tag, (set(), set(), set()))
        own = set(element.attrib)
        wrong += [f"{element.tag} lacks {name}" for name in sorted(must - own)]
        wrong += [f"{element.tag} has {name}" for name in sorted(own - must - may)]
        wrong += [f"{element.tag} holds {child.tag}" for child in element if child.tag not in children]
        if not TIME.fullmatch(element.get("time", "0")):
            wrong.append(f"time {element.get('time')}")
        if not TIMESTAMP.fullmatch(element.get("timestamp", "2026-01-01T00:00:00")):
            wrong.append(f"timestamp {element.get('timestamp')}")
    for suite in [root, *root.iter("testsuite")]:
        counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
        for name, tag in counts.items():
            if name in suite.attrib and int(suite.get(name)) != len(list(suite.iter(tag))):
                wrong.append(f"{suite.get('name')}: {name} is {suite.get(name)}")
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    faults = [f for tag in ("failure", "error", "skipped") for f in root.iter(tag)]
    # Where an attribute has a space, the text may have a line's end.
    wrong += [f"text of {f.tag}" for f in faults if " ".join((f.text or "").split()) != " ".join(f.get("message").split())]
    return {
        "wrong": sorted(set(wrong)),
        "cases": len(cases),
        "names": len(set(cases)),
        "faults": [[f.tag, f.get("type"), f.text] for f in faults],
    }


def openmetrics(path):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    families = list(text_string_to_metric_families(text))
    return {
        "lines": sum(1 for line in text.split("\n") if line and not line.startswith("#")),
        "families": {
            f.name: {"type": f.type, "unit": f.unit, "samples": [[s.name, s.labels, s.value] for s in f.samples]}
            for f in families
        },
    }


json.dump({"junit": junit(sys.argv[1]), "openmetrics": openmetrics(sys.argv[2])}, sys.stdout)
