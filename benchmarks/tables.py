"""The tables of benchmarks/run."""
import math
import statistics

COMPILERS = {"jax": "JAX", "torch": "torch.compile"}  # peers whose compile times are compared


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def plain_table(rows):
    lines = ["| what | median | smallest – largest | aim | |", "|---|--:|--:|--:|---|"]
    for r in rows:
        aim = f"≤ {r['aim']} {r['unit']}" if r["aim"] else ""
        met = "" if not r["aim"] else "met" if r["median"] <= r["aim"] else "missed"
        lines.append(f"| {r['what']} | {number(r['median'])} {r['unit']} | {number(r['low'])} – {number(r['high'])} ({r['samples']}) | {aim} | {met} |")
    return "\n".join(lines) + "\n"


def compile_table(rows):
    def cell(row, name):
        f = row["ms"].get(name)
        return f"{number(f['median'])} ({number(f['low'])} – {number(f['high'])})" if f else "–"

    def times(row, peer):
        f = row["ms"].get(peer)
        return f"{number(f['ratio'])}×" if f else "–"

    peers = [peer for peer in COMPILERS if any(peer in row["ms"] for row in rows)]
    heads = ["row", "what", "kernels", "caten", *[x for peer in peers for x in (COMPILERS[peer], "slower by")], "new process", "kept", "calls"]
    lines = ["Milliseconds: median (smallest – largest).\n", "| " + " | ".join(heads) + " |", "|---|---|" + "--:|" * (len(heads) - 2)]
    for row in rows:
        cells = [row["id"], row["what"], str(row["kernels"]), cell(row, "anew"), *[x for peer in peers for x in (cell(row, peer), times(row, peer))],
                 cell(row, "process"), cell(row, "kept"), str(row["kept_compiler_calls"])]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    compiling = [row for row in rows if row["process_compiler_calls"]]
    alone = [row["ms"]["anew"]["median"] for row in compiling if row["kernels"] == 1]
    each = [row["ms"]["anew"]["median"] / row["process_compiler_calls"] for row in compiling]
    if alone:
        lines.append(f"- A program of one kernel that has to be compiled takes caten {number(statistics.median(alone))} ms (median of {len(alone)} rows), "
                     f"a compiled kernel of any row {number(statistics.median(each))} ms (median of {len(each)}; both cores compile).")
    for peer in peers:
        ratios = {row["id"]: row["ms"][peer]["ratio"] for row in rows if peer in row["ms"]}
        single = [ratio for row in rows if row in compiling and row["kernels"] == 1 and (ratio := ratios.get(row["id"]))]
        lost = [name for name, ratio in ratios.items() if ratio < 1]
        lines.append(f"- {COMPILERS[peer]} is slower by {number(statistics.geometric_mean(ratios.values()))}× (geometric mean of {len(ratios)} rows"
                     + (f"; {number(statistics.geometric_mean(single))}× over the {len(single)} of one kernel that is compiled, at least {number(min(single))}×" if single else "")
                     + ("; W12 " + number(ratios["W12"]) + "×" if "W12" in ratios else "") + "); "
                     + (f"caten loses {', '.join(lost)}." if lost else "caten loses no row."))
    medians = {row["id"]: {name: f["median"] for name, f in row["ms"].items()} for row in rows}
    if "W12" in medians and "W12-12" in medians:
        more = {name: medians["W12-12"][name] / medians["W12"][name] for name in ("anew", *peers) if name in medians["W12"] and name in medians["W12-12"]}
        lines.append("- 12 transformer blocks take longer to compile than one by " + ", ".join(
            f"{number(ratio)}× ({COMPILERS.get(name, 'caten')})" for name, ratio in more.items()) + ".")
    return "\n".join(lines) + "\n"


def measured_again(rows):
    """Which rows are of a later commit than the rest."""
    later = {}
    for row in rows:
        later.setdefault(row.get("commit"), []).append(row["id"])
    return [f"\nMeasured again at commit {commit}: {', '.join(ids)}." for commit, ids in later.items() if commit]


def cpu_table(rows):
    names = [name for name in ("jax", "torch", "onnxruntime", "tinygrad", "numba") if any(name in row["ms"] for row in rows)]
    heads = ["row", "what", "caten", "fresh", "cold", "GB/s", "GFLOP/s", "of roof", "first", "arena", *names, "best peer", "fresh", "cold"]
    lines = ["Milliseconds: medians; of a peer the better of planned and fresh. Above 1× the best peer is slower. Cold: planned calls (of a peer that has none, "
             "fresh ones), each after 256 MiB were written.\n",
             "| " + " | ".join(heads) + " |", "|---|---|" + "--:|" * (len(heads) - 2)]
    for row in rows:
        ms = row["ms"]
        planned = ms["caten"]["planned"]
        rate = lambda name: number(row[name]) if row[name] else "–"
        best = lambda kind: f"{number(row[f'best_{kind}']['ratio'])}× ({row[f'best_{kind}']['peer']})" if f"best_{kind}" in row else "–"
        cells = [row["id"], row["what"], f"{number(planned['median'])} ({number(planned['low'])} – {number(planned['high'])})",
                 number(ms["caten"]["fresh"]["median"]), number(ms["caten"]["cold"]["median"]) if "cold" in ms["caten"] else "–", rate("gb_per_s"), rate("gflop_per_s"), f"{100 * row['share_of_roof']:.0f} %",
                 number(ms["caten"]["first"]["median"]), f"{row['arena_bytes'] / 2**20:.1f} MiB",
                 *[number(min(f["median"] for kind, f in ms[name].items() if kind != "cold")) if name in ms else "–" for name in names], best("planned"), best("fresh"), best("cold")]
        lines.append("| " + " | ".join(cells) + " |")
    ratios = [row["best_planned"]["ratio"] for row in rows if "best_planned" in row]
    lost = [row["id"] for row in rows if "best_planned" in row and row["best_planned"]["ratio"] < 1]
    if ratios:
        lines.append(f"\nThe best peer of each row is slower by {statistics.geometric_mean(ratios):.2f}× (geometric mean of {len(ratios)} rows); "
                     + (f"caten loses {len(lost)}: {', '.join(lost)}." if lost else "caten loses no row."))
    lines += measured_again(rows)
    wrong = [f"- {row['id']}, {name}: {why}" for row in rows for name, why in row["errors"].items() if "KeyError" not in why]
    return "\n".join(lines) + "\n" + ("\nNot timed:\n\n" + "\n".join(wrong) + "\n" if wrong else "")


def call_table(rows):
    lines = ["Microseconds of a call that adds 8 elements: median (smallest – largest).\n", "| system | way | µs | slower by |", "|---|---|--:|--:|"]
    for row in (row for row in rows if "us" in row):
        f = row["us"]
        lines.append(f"| {row['system']} | {row['way']} | {number(f['median'])} ({number(f['low'])} – {number(f['high'])}) | {number(row['ratio'])}× |")
    wrong = [f"- {row['system']}: {row['error']}" for row in rows if "error" in row]
    return "\n".join(lines) + "\n" + ("\nNot timed:\n\n" + "\n".join(wrong) + "\n" if wrong else "")


def profile_table(rows):
    lines = ["Where a call's time goes, kernels one at a time: launches and milliseconds of a call, by what kernels do and the composite that they are of."]
    for row in rows:
        calls, all_ms = row["calls"], row["calls_ms"]
        lines += [f"\n**{row['id']}**, {row['what']}: {number(all_ms / calls)} ms a call while profiled, {number(row['plain_ms'])} ms (median) otherwise; "
                  f"roof {row['roof']['gb_per_s']:.0f} GB/s, {row['roof']['gflop_per_s']:.0f} GFLOP/s.\n",
                  "| kind | composite | launches | ms | share | GB/s | GFLOP/s | of roof |", "|---|---|--:|--:|--:|--:|--:|--:|"]
        for kind in row["kinds"]:
            lines.append(f"| {kind['kind']} | {kind['composite'] or '–'} | {kind['calls'] / calls:g} | {number(kind['ms'] / calls)} | {100 * kind['share']:.1f} % | "
                         f"{number(kind['gb_per_s'])} | {number(kind['gflop_per_s']) if kind['flops'] else '–'} | {100 * kind['share_of_roof']:.0f} % |")
        lines.append(f"| outside of kernels | | | {number(row['outside_ms'] / calls)} | {100 * row['outside_ms'] / all_ms:.1f} % | | | |")
    return "\n".join(lines + measured_again(rows)) + "\n"


def least_memory(rows):
    """The rows that take no peer less memory than caten."""
    return [row["id"] for row in rows if row["more_kib"]["caten"] <= min(row["more_kib"].values())]


def memory_table(rows):
    names = [name for name in ("caten", "jax", "torch", "onnxruntime", "tinygrad", "numba") if any(name in row["kib"] for row in rows)]
    first, *others = rows
    mib = lambda kib: f"{kib / 1024:.0f}"
    lines = ["MiB: the most that a new process has in memory from its start to its end, less what one has at most that adds 8 elements (first row).\n",
             "| row | what | " + " | ".join(names) + " |", "|---|---|" + "--:|" * len(names),
             f"| – | {first['what']}, the process as a whole | " + " | ".join(mib(first["kib"][name]) for name in names) + " |"]
    for row in others:
        lines.append(f"| {row['id']} | {row['what']} | " + " | ".join(mib(row["more_kib"][name]) if name in row["more_kib"] else "–" for name in names) + " |")
    lines.append(f"\ncaten takes least, or as little as any, in {len(least_memory(others))} of {len(others)} rows.")
    lines += measured_again(others)
    wrong = [f"- {row['id']}, {name}: {why}" for row in others for name, why in row["errors"].items() if "KeyError" not in why]
    return "\n".join(lines) + "\n" + ("\nNot measured:\n\n" + "\n".join(wrong) + "\n" if wrong else "")


def train_table(rows):
    names = [name for name in ("caten", "torch eager", "torch compiled", "jax") if any(name in row["systems"] for row in rows)]
    cell = lambda f: f"{number(f['median'])} ({number(f['low'])} – {number(f['high'])})" if f else "–"
    lines = ["Milliseconds of a step, as median (smallest – largest).\n", "| row | what | " + " | ".join(names) + " | best peer | aim | |", "|---|---|" + "--:|" * (len(names) + 2) + "---|"]
    for row in rows:
        best = [f"{row['ratio']:.2f}× ({row['best']})", f"≥ {row['aim']}×", "met" if row["ratio"] >= row["aim"] else "missed"] if "best" in row else ["–", "", ""]
        lines.append(f"| {row['id']} | {row['what']} | " + " | ".join([cell(row["systems"].get(name, {}).get("step")) for name in names] + best) + " |")
    lines += ["\nFrom the start of a process to the end of its first step, with nothing kept on disk, then with what the last one kept, in seconds; and the most memory that a process has, in MiB.\n",
              "| row | " + " | ".join(f"{name}" for name in names) + " | " + " | ".join(f"{name}, kept" for name in names) + " | " + " | ".join(f"{name}, MiB" for name in names) + " |",
              "|---|" + "--:|" * (3 * len(names))]
    for row in rows:
        kinds = [row["systems"].get(name, {}) for name in names]
        some = lambda kind, scale: [number(each[kind]["median"] / scale) if kind in each else "–" for each in kinds]
        lines.append(f"| {row['id']} | " + " | ".join(some("first", 1000) + some("first_kept", 1000) + some("peak_kib", 1024)) + " |")
    wrong = [f"- {row['id']}, {name}: {why}" for row in rows for name, why in row["errors"].items()]
    return "\n".join(lines + measured_again(rows)) + "\n" + ("\nNot timed:\n\n" + "\n".join(wrong) + "\n" if wrong else "")


def digits_table(rows):
    lines = ["Milliseconds: median (smallest – largest).\n", "| what | caten | scikit-learn | slower by | right of 797 |", "|---|--:|--:|--:|--:|"]
    cell = lambda f: f"{number(f['median'])} ({number(f['low'])} – {number(f['high'])})"
    for row in rows:
        right = " / ".join(str(count) for count in row["right"].values())
        lines.append(f"| {row['what']} | {cell(row['ms']['caten'])} | {cell(row['ms']['scikit-learn'])} | {number(row['ratio'])}× | {right} |")
    return "\n".join(lines) + "\n"


def consensus_table(rows):
    lines = ["Median (smallest – largest), all threads; results compared first. Bytes of a cell: what a process has in memory at most, less that of one "
             "at a small size.\n", "| what | | caten | peer | | as fast | aim | | bytes of a cell | peer |", "|---|---|--:|--:|---|--:|--:|---|--:|--:|"]
    cell = lambda f: f"{number(f['median'])} ({number(f['low'])} – {number(f['high'])})"
    for row in rows:
        aim, met = ("", "") if row["aim"] is None else (f"≥ {row['aim']}×", "met" if row["ratio"] >= row["aim"] else "missed")
        lines.append(f"| {row['what']} | {row['unit']} | {cell(row['rate']['caten'])} | {cell(row['rate']['peer'])} | {row['peer']} | {number(row['ratio'])}× | {aim} | {met} | "
                     f"{number(row['bytes_per_cell']['caten'])} | {number(row['bytes_per_cell']['peer'])} |")
    return "\n".join(lines) + "\n"


def table(suite, rows):
    special = {"compile": compile_table, "cpu": cpu_table, "call": call_table, "profile": profile_table, "memory": memory_table, "train": train_table, "digits": digits_table, "consensus": consensus_table}
    return special.get(suite, plain_table)(rows)


def summary(results):
    """What README.md says between its marks, of the newest results."""
    cpu, compiled = results["cpu"], results["compile"]
    ratios = {row["what"]: row["best_planned"]["ratio"] for row in cpu["rows"] if "best_planned" in row}
    lost = sorted((ratio, what) for what, ratio in ratios.items() if ratio < 0.95)
    lines = [f"Each row beside the fastest of PyTorch (eager or compiled), JAX, ONNX Runtime, tinygrad and numba in the same run, on {cpu['machine']['cores']} cores of an "
             f"{cpu['machine']['cpu']}; results compared first ({cpu['machine']['date']}, [all figures](benchmarks/results.md)).\n",
             "![For each workload how much longer the best peer takes than caten](docs/speed.svg)\n",
             f"- **Run time:** the best peer of each row takes {statistics.geometric_mean(ratios.values()):.2f}× as long (geometric mean of {len(ratios)} rows). caten is slower by more than 5 % in {len(lost) or 'none'}"
             + (": " if lost else "") + ", ".join(f"{what} ({ratio:.2f}×)" for ratio, what in lost) + "."]
    for peer, name in COMPILERS.items():
        times = [row["ms"][peer]["ratio"] for row in compiled["rows"] if peer in row["ms"]]
        if times:
            lines.append(f"- **Compile time:** {name} takes {number(statistics.geometric_mean(times))}× as long (geometric mean of {len(times)} rows, at least {number(min(times))}×).")
    if "call" in results:
        fastest = {}
        for row in results["call"]["rows"]:
            if "us" in row:
                fastest[row["system"]] = min(row["us"]["median"], fastest.get(row["system"], math.inf))
        lines.append("- **A call** that adds 8 elements, each system in its fastest way: " + ", ".join(f"{name} {number(us)} µs" for name, us in fastest.items()) + ".")
    if "memory" in results:
        rows = results["memory"]["rows"][1:]
        lines.append(f"- **Memory:** of the processes that compute a row the one of caten takes least in {len(least_memory(rows))} of {len(rows)} rows.")
    if "train" in results:
        rows = results["train"]["rows"]
        lines.append("- **A step of training**, forwards, backwards and update: the best of PyTorch, eager and compiled, and JAX takes " + ", ".join(
            f"{row['ratio']:.2f}× ({row['what'].split(',')[0]})" for row in rows if "ratio" in row) + " as long.")
    if "digits" in results:
        row = results["digits"]["rows"][0]
        lines.append(f"- **examples/digits.lisp:** {row['what']}: {number(row['ms']['caten']['median'])} ms, scikit-learn {number(row['ms']['scikit-learn']['median'])} ms; "
                     f"{row['right']['caten']} and {row['right']['scikit-learn']} of 797 right.")
    return "\n".join(lines) + "\n"


def with_summary(text, results):
    """README.md with that summary."""
    begin, end = "<!-- benchmarks/run --write -->\n", "<!-- end -->"
    head, rest = text.split(begin)
    return head + begin + summary(results) + rest[rest.index(end):]


def markdown(results, suites):
    """All suites, the newest result of each."""
    text = "# What was measured\n\nMade by `benchmarks/run --write`; [README.md](README.md) says how.\n"
    for name in suites:
        if name in results:
            r = results[name]
            m = r["machine"]
            text += f"\n## {name}\n{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['compiler']}; commit {m['commit']}, {m['date']}.\n\n{table(name, r['rows'])}"
    return text
