"""What docs/reference/ops.md says of each op beside its row in cxx/ir/ops.def: an example, and for ops with rules of their own
dtypes, result, derivative and error. An example is a list of (name, value); the last name is the program's output."""

ANY = "any"
EXACT = "exact"
FLOATS = [("i", "(index 0 5)"), ("x", "(cast i f32)")]
PAIR = [("x", "(add (index 0 7) (const -3 i64 7))"), ("y", "(const 2 i64 7)")]
BITS = [("x", "(index 0 6)"), ("y", "(const 3 i64 6)")]
TABLE = [("rows", "(index 0 2 3)"), ("columns", "(index 1 2 3)"), ("x", "(add (mul rows (const 10 i64 2 3)) columns)")]


EXAMPLES = {
    "const": [("y", "(const 1.5 f32 2 3)")],
    "index": [("y", "(index 1 2 3)")],
    "exp2": FLOATS + [("y", "(exp2 x)")],
    "log2": FLOATS + [("y", "(log2 x)")],
    "sin": FLOATS + [("y", "(sin x)")],
    "sqrt": FLOATS + [("y", "(sqrt x)")],
    "add": PAIR + [("z", "(add x y)")],
    "mul": PAIR + [("z", "(mul x y)")],
    "div": PAIR + [("z", "(div x y)")],
    "mod": PAIR + [("z", "(mod x y)")],
    "max": PAIR + [("z", "(max x y)")],
    "lt": PAIR + [("z", "(lt x y)")],
    "eq": PAIR + [("z", "(eq x y)")],
    "and": BITS + [("z", "(and x y)")],
    "xor": BITS + [("z", "(xor x y)")],
    "if": PAIR + [("c", "(lt x y)"), ("z", "(if c x y)")],
    "loop": [("l", "(loop 6 ((a (const 0 i64)) (b (const 1 i64))) (i) (next b (add a b)) :collect a)"), ("fibonacci", "(result 2 l)")],
    "cast": [("x", "(div (cast (index 0 5) f32) (const -2.0 f32 5))"), ("y", "(cast x i32)")],
    "bitcast": [("x", "(cast (index 0 3) f32)"), ("bits", "(bitcast x u32)")],
    "reshape": TABLE + [("y", "(reshape x 3 2)")],
    "permute": TABLE + [("y", "(permute x 1 0)")],
    "expand": [("row", "(reshape (index 0 3) 1 3)"), ("y", "(expand row 2 3)")],
    "slice": TABLE + [("y", "(slice x (0 2 1) (2 0 -1))")],
    "take": TABLE + [("k", "(index 0 4)"), ("y", "(take x 1 k)")],
    "put": [("x", "(const 0 i64 5)"), ("k", "(mod (index 0 6) (const 3 i64 6))"), ("v", "(const 1 i64 6)"), ("y", "(put x 0 k v add)")],
    "copy": TABLE + [("y", "(copy (permute x 1 0))")],
    "reduce": TABLE + [("y", "(reduce add x 1)")],
}

# dtypes, result, derivative, error
NOTES = {
    "const": (ANY, "the dtype and sizes that are named", "none: it depends on nothing", EXACT),
    "index": ("none: it has no operand", "i64", "none", EXACT),
    "if": ("`c` bool; `a` and `b` any, the same", "that of `a`",
           "of `a`: `g` where `c` holds, else 0; of `b`: the reverse. What an arm computes for elements that the condition "
           "discards never reaches a gradient, not as inf or NaN either", EXACT),
    "loop": ("any, for each carry its own", "the final carries, then what was collected, then the count (i64)",
             "a loop that runs backwards: the forward loop collects its carries, the body is computed again, and values used "
             "from outside gather their cotangents in carries", "that of its body, carried from iteration to iteration"),
    "cast": ("any; complex only to complex or bool", "the dtype that is named",
             "`g` cast back; none through integers and bools", "exact or rounded once"),
    "bitcast": ("any but to bool; sizes in bytes agree, or complex ↔ real with a last axis of 2", "the dtype that is named",
                "between complex and real parts the same regrouping; otherwise none: the bits mean something else", EXACT),
    "reshape": (ANY, "that of `x`", "`g` reshaped back", EXACT),
    "permute": (ANY, "that of `x`", "`g` with the inverse permutation", EXACT),
    "expand": (ANY, "that of `x`", "`(reduce add g …)` over the repeated axes", EXACT),
    "slice": (ANY, "that of `x`", "`g` put into zeros at the places that were read", EXACT),
    "take": ("`x` any, indices i64", "that of `x`", "`g` put with `add` into zeros at the clamped indices", EXACT),
    "put": ("`set` any, `add` and `mul` numbers, `max` real numbers; `x` and `v` the same; indices i64", "that of `x`",
            "`set`: of `v` the cotangent where it was the last write, of `x` where nothing was written; `add`: `g` and "
            "`(take g axis indices)`; `mul`: the product of all other factors; `max`: equal shares for all that equal the result",
            "`set` and `max` exact; `add` and `mul` rounded in index order, as `reduce`"),
    "copy": (ANY, "that of `x`", "`g`", EXACT),
    "reduce": ("`add` and `mul` numbers, `max` real numbers, `and` and `xor` bools and integers", "that of `x`",
               "`add`: `g` repeated; `mul`: `g` times the product of all other elements; `max`: equal shares for all that equal "
               "the result; `and`, `xor`: none", "integers, `max`, `and`, `xor` exact; float sums and products within the bound of a "
               "summation tree, which the evaluator computes for the values at hand"),
}
