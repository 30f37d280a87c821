#!/usr/bin/env python3
"""A JSON schema as what constrained-text.lmpm takes: the automaton of the texts that it allows.

  json_schema.py SCHEMA.json FOLDER [--depth N] [--corpus TEXTS]

Writes table.csv (a line for each state: the next state of each letter or -1, and 1 where it accepts), letters.txt (one
text: letter k is id k) and bigram.csv, logits of each letter behind each letter, and in the last line behind none: counted
in the lines of TEXTS, or all equal. Prints the parameters. A blank ends a text: behind it come blanks alone.

Known are type (object array string integer boolean null), properties and required, items with minItems and maxItems,
minLength and maxLength (8 at most unless given), minimum 0 or none, maximum (as its number of digits), enum, const, anyOf,
and $ref within the document, which is followed `--depth` times (2) and then not allowed. Objects have their properties in the
order of the schema and no others; texts have no white space. Anything else is refused.
"""
import argparse
import json
import math
import pathlib
import sys

STRING_LETTERS = "abcdefghijklmnopqrstuvwxyz"
KNOWN = {"type", "properties", "required", "items", "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum",
         "enum", "const", "anyOf", "$ref", "$defs", "$schema", "title", "description", "additionalProperties"}
NEVER = ("or", [])
MOST_STATES = 200_000  # before the automaton is made deterministic


class Refused(Exception):
    """A schema that means more than an automaton of these texts."""


# ---- Schema to expression: ("text", t), ("letters", set), ("then", [e…]), ("or", [e…])

def then(*parts):
    return ("then", list(parts))


def repeated(least, most, item, separator=None):
    """least to most items, with a separator between two of them."""
    out = then()
    for k in reversed(range(most)):
        here = then(("text", separator), item, out) if k and separator else then(item, out)
        out = here if k < least else ("or", [then(), here])
    return out


def limits(what, least, most):
    if not (type(least) is type(most) is int and 0 <= least <= most <= 1000):
        raise Refused(f"min{what} {least} and max{what} {most}: expected integers from 0 to 1000, the first not above the second")
    return least, most


def literal(value):
    return ("text", json.dumps(value, separators=(",", ":")))


class Reader:
    def __init__(self, schema):
        self.root = schema

    def target(self, reference):
        if not reference.startswith("#"):
            raise Refused(f"$ref {reference!r}: only references within the document are followed")
        node = self.root
        for part in filter(None, reference[1:].split("/")):
            if part not in node:
                raise Refused(f"$ref {reference!r} leads nowhere: there is no {part!r}")
            node = node[part]
        return node

    def expression(self, schema, depth):
        if not isinstance(schema, dict):
            raise Refused(f"a schema is an object, not {schema!r}")
        unknown = set(schema) - KNOWN
        if unknown:
            raise Refused(f"unknown keywords: {' '.join(sorted(unknown))}")
        if "$ref" in schema:
            return self.expression(self.target(schema["$ref"]), depth - 1) if depth > 0 else NEVER
        if "const" in schema:
            return literal(schema["const"])
        if "enum" in schema:
            return ("or", [literal(value) for value in schema["enum"]])
        if "anyOf" in schema:
            return ("or", [self.expression(each, depth) for each in schema["anyOf"]])
        made = {"object": self.object, "array": self.array, "string": self.string, "integer": self.integer}
        if schema.get("type") in made:
            return made[schema["type"]](schema, depth)
        if schema.get("type") == "boolean":
            return ("or", [("text", "true"), ("text", "false")])
        if schema.get("type") == "null":
            return ("text", "null")
        raise Refused(f"a type is missing or unknown: {schema.get('type')!r}")

    def object(self, schema, depth):
        required = schema.get("required", [])
        # Behind the last property; with `first` a comma is needed before the next one.
        first = rest = then()
        for name, of in reversed(schema.get("properties", {}).items()):
            own = then(literal(name), ("text", ":"), self.expression(of, depth))
            with_comma, bare = then(("text", ","), own, rest), then(own, rest)
            if name in required:
                first, rest = bare, with_comma
            else:
                first, rest = ("or", [bare, first]), ("or", [with_comma, rest])
        return then(("text", "{"), first, ("text", "}"))

    def array(self, schema, depth):
        if "maxItems" not in schema or "items" not in schema:
            raise Refused("an array without items or maxItems")
        least, most = limits("Items", schema.get("minItems", 0), schema["maxItems"])
        return then(("text", "["), repeated(least, most, self.expression(schema["items"], depth), ","), ("text", "]"))

    def string(self, schema, _):
        least = schema.get("minLength", 0)
        least, most = limits("Length", least, schema.get("maxLength", max(8, least)))
        return then(("text", '"'), repeated(least, most, ("letters", STRING_LETTERS)), ("text", '"'))

    def integer(self, schema, _):
        least, most = schema.get("minimum"), schema.get("maximum", 999)
        if least not in (None, 0) or type(most) is not int or str(most).strip("9") != "":
            raise Refused("an integer has minimum 0 or none, and a maximum of nines, such as 99")
        number = ("or", [("text", "0"), then(("letters", "123456789"), repeated(0, len(str(most)) - 1, ("letters", "0123456789")))])
        return number if least == 0 else then(("or", [then(), ("text", "-")]), number)


# ---- Expression to automaton

class Nondeterministic:
    """Thompson's construction: states with letters, and moves without one."""

    def __init__(self):
        self.moves, self.free = [], []

    def state(self):
        if len(self.moves) == MOST_STATES:
            raise Refused("the automaton becomes too large; lower maxItems, maxLength or --depth")
        self.moves.append({})
        self.free.append([])
        return len(self.moves) - 1

    def add(self, expression, start):
        """The state behind the expression."""
        kind, parts = expression
        if kind == "text":
            for letter in parts:
                start = self.add(("letters", letter), start)
            return start
        if kind == "letters":
            end = self.state()
            for letter in parts:
                self.moves[start].setdefault(letter, []).append(end)
            return end
        if kind == "then":
            for part in parts:
                start = self.add(part, start)
            return start
        end = self.state()
        for part in parts:
            own = self.state()
            self.free[start].append(own)
            self.free[self.add(part, own)].append(end)
        return end

    def closure(self, states):
        seen, open_ = set(states), list(states)
        while open_:
            for to in self.free[open_.pop()]:
                if to not in seen:
                    seen.add(to)
                    open_.append(to)
        return frozenset(seen)


def automaton(expression):
    """(letters, rows): each row the next states and whether the state accepts; least, and all states can accept."""
    nfa = Nondeterministic()
    start = nfa.state()
    end = nfa.add(expression, start)
    nfa.moves[end][" "] = [end]
    letters = sorted({letter for moves in nfa.moves for letter in moves})
    order = [nfa.closure([start])]
    number, rows = {order[0]: 0}, []
    for states in order:  # grows while it is gone through
        row = []
        for letter in letters:
            to = nfa.closure([t for s in states for t in nfa.moves[s].get(letter, [])])
            if to and to not in number:
                number[to] = len(order)
                order.append(to)
            row.append(number[to] if to else -1)
        rows.append((row, int(end in states)))
    return letters, minimal(alive(rows))


def alive(rows):
    """Without moves to states that never accept."""
    good = {s for s, (_, accepts) in enumerate(rows) if accepts}
    grown = True
    while grown:
        more = {s for s, (row, _) in enumerate(rows) if s not in good and good.intersection(row)}
        good |= more
        grown = bool(more)
    if 0 not in good:
        raise Refused("no text satisfies the schema; a $ref may need more --depth")
    return [([to if to in good else -1 for to in row], accepts) for row, accepts in rows]


def minimal(rows):
    """Moore's partition: states are one if they accept alike and lead to the same classes. In the order of first visit."""
    classes = [accepts for _, accepts in rows]
    while True:
        keys = [(classes[s], *(classes[to] if to >= 0 else -1 for to in row)) for s, (row, _) in enumerate(rows)]
        names = {}
        finer = [names.setdefault(key, len(names)) for key in keys]
        if len(set(finer)) == len(set(classes)):
            break
        classes = finer
    number, order = {classes[0]: 0}, [0]
    out = []
    for s in order:
        row, accepts = rows[s]
        for to in row:
            if to >= 0 and classes[to] not in number:
                number[classes[to]] = len(order)
                order.append(to)
        out.append(([number[classes[to]] if to >= 0 else -1 for to in row], accepts))
    return out


def bigram(letters, texts):
    """Logits of letters behind each letter and behind none, from counts with one more for each pair."""
    place = {letter: k for k, letter in enumerate(letters)}
    counts = [[1] * len(letters) for _ in range(len(letters) + 1)]
    for text in texts:
        before = len(letters)
        for letter in text + " ":
            if letter in place:
                counts[before][place[letter]] += 1
                before = place[letter]
    return [[math.log(count / sum(row)) for count in row] for row in counts]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schema", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--corpus", type=pathlib.Path)
    given = parser.parse_args()
    schema = json.loads(given.schema.read_text())
    letters, rows = automaton(Reader(schema).expression(schema, given.depth))
    texts = given.corpus.read_text().splitlines() if given.corpus else []
    (given.folder / "table.csv").write_text("".join(",".join(map(str, [*row, accepts])) + "\n" for row, accepts in rows))
    (given.folder / "letters.txt").write_text("".join(letters))
    (given.folder / "bigram.csv").write_text("".join(",".join(map(repr, row)) + "\n" for row in bigram(letters, texts)))
    print(f"--param S={len(rows)} --param V={len(letters)} --param W={len(rows) * (len(letters) + 1)}")


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError, ValueError, RecursionError) as wrong:
        sys.exit(f"json_schema.py: {wrong}")
