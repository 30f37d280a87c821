"""Reads the JUnit file of a ctest run and prints `N passed, N failed`, counting the cases inside doctest programs.

A program that ends badly without a failed case (a crash, a time-out) counts as one failure more.
"""

import re
import sys
import xml.etree.ElementTree

SUMMARY = re.compile(r"test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed")
OWN = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)

passed = failed = 0
for case in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    output = case.findtext("system-out") or ""
    counts = SUMMARY.findall(output) or OWN.findall(output)
    good, bad = map(int, counts[-1]) if counts else (0, 0)
    if case.get("status") != "run":
        bad = max(bad, 1)
    elif not counts:
        good = 1
    passed += good
    failed += bad
print(f"{passed} passed, {failed} failed")
