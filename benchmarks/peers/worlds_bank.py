"""examples/consensus/bank.lmpm by hand in numba: the winners of each step are those of the greedy order by tie words (docs/consensus.md, 3.6
and 3.7), found in rounds (section 4). In a round every account learns the best transfer at it; a transfer that is the best at both of its
accounts wins, and those that meet a winner leave. What waits is kept compact, so that a round costs what is left. Accounts are divided among
the threads: each one looks at all that waits and writes to its own accounts alone, so that nothing is shared."""
import numba
import numpy

parallel = numba.njit(parallel=True, nogil=True, boundscheck=False)
i32, i64, u32, u64 = numpy.int32, numpy.int64, numpy.uint32, numpy.uint64
LOW = u64(0xFFFFFFFF)
FIRST_BALANCE = 100


@numba.njit(inline="always")
def tie(cell, step):
    """Word 0 of Philox4x32-10 with the key (0, 0) and the counter (cell, 0, step, 2^31): draw 2^33 of rule 0, seed 0."""
    a, b, c, d = u64(cell), u64(0), u64(step), u64(0x80000000)
    key0, key1 = u64(0), u64(0)
    for _ in range(10):
        high, low = u64(0xD2511F53) * (a & LOW), u64(0xCD9E8D57) * (c & LOW)
        a, b, c, d = (low >> u64(32)) ^ b ^ key0, low & LOW, (high >> u64(32)) ^ d ^ key1, high & LOW
        key0 = (key0 + u64(0x9E3779B9)) & LOW
        key1 = (key1 + u64(0xBB67AE85)) & LOW
    return a


@parallel
def admissible(pending, source, amount, balance, live, keys, step, parts):
    """Of those that are pending the ones that their source can pay, in order, with keys: the greater word first, then the smaller number. How many."""
    count = len(pending)
    begins = numpy.zeros(parts + 1, i64)
    for part in numba.prange(parts):
        found = 0
        for j in range(count * part // parts, count * (part + 1) // parts):
            i = pending[j]
            found += balance[source[i]] >= amount[i]
        begins[part + 1] = found
    for part in range(parts):
        begins[part + 1] += begins[part]
    for part in numba.prange(parts):
        to = begins[part]
        for j in range(count * part // parts, count * (part + 1) // parts):
            i = pending[j]
            if balance[source[i]] >= amount[i]:
                live[to] = i
                to += 1
        for j in range(begins[part], begins[part + 1]):
            keys[j] = (tie(live[j], step) << u64(32)) | (LOW - u64(live[j]))
    return begins[parts]


@parallel
def best_of_each(live, keys, count, source, target, best, parts):
    """The greatest key at each account."""
    accounts = len(best)
    for part in numba.prange(parts):
        low, high = accounts * part // parts, accounts * (part + 1) // parts
        for j in range(count):
            key, a, b = keys[j], source[live[j]], target[live[j]]
            if low <= a < high and best[a] < key:
                best[a] = key
            if low <= b < high and best[b] < key:
                best[b] = key


@parallel
def settle(live, keys, count, source, target, amount, balance, waiting, best, parts):
    """Carries out the winners of a round, which share no account."""
    for part in numba.prange(parts):
        for j in range(count * part // parts, count * (part + 1) // parts):
            i = live[j]
            a, b = source[i], target[i]
            if best[a] == keys[j] and best[b] == keys[j]:
                balance[a] -= amount[i]
                balance[b] += amount[i]
                waiting[i] = 0


@parallel
def leave(live, keys, count, source, target, best, waiting, live2, keys2, parts):
    """Those that meet no winner, in order; how many."""
    begins = numpy.zeros(parts + 1, i64)
    for part in numba.prange(parts):
        low, high = count * part // parts, count * (part + 1) // parts
        to = low
        for j in range(low, high):
            i = live[j]
            # The best at an account has won if it does not wait any more.
            if waiting[i] and waiting[LOW - (best[source[i]] & LOW)] and waiting[LOW - (best[target[i]] & LOW)]:
                live2[to] = i
                keys2[to] = keys[j]
                to += 1
        begins[part + 1] = to - low
    total = 0
    for part in range(parts):
        low, kept = count * part // parts, begins[part + 1]
        if total != low:
            for j in range(kept):
                live2[total + j] = live2[low + j]
                keys2[total + j] = keys2[low + j]
        total += kept
    return total


@parallel
def forget(live, count, source, target, best, parts):
    """No account has a best transfer, of those where these are."""
    for part in numba.prange(parts):
        for j in range(count * part // parts, count * (part + 1) // parts):
            best[source[live[j]]] = u64(0)
            best[target[live[j]]] = u64(0)


@parallel
def compact(pending, waiting, other, parts):
    """Those that still wait, in order; how many."""
    count = len(pending)
    begins = numpy.zeros(parts + 1, i64)
    for part in numba.prange(parts):
        found = 0
        for j in range(count * part // parts, count * (part + 1) // parts):
            found += waiting[pending[j]]
        begins[part + 1] = found
    for part in range(parts):
        begins[part + 1] += begins[part]
    for part in numba.prange(parts):
        to = begins[part]
        for j in range(count * part // parts, count * (part + 1) // parts):
            if waiting[pending[j]]:
                other[to] = pending[j]
                to += 1
    return begins[parts]


def bank(source, target, amount, accounts):
    """Balances and amounts that are left, and the number of steps, when no transfer is pending that its source can pay."""
    parts = numba.get_num_threads()
    transfers = len(source)
    balance = numpy.full(accounts, FIRST_BALANCE, i64)
    waiting = numpy.ones(transfers, numpy.uint8)
    waiting[amount == 0] = 0
    best = numpy.zeros(accounts, u64)
    pending, other = numpy.arange(transfers, dtype=i32), numpy.empty(transfers, i32)
    live, live2 = numpy.empty(transfers, i32), numpy.empty(transfers, i32)
    keys, keys2 = numpy.empty(transfers, u64), numpy.empty(transfers, u64)
    pending = pending[:compact(pending.copy(), waiting, pending, parts)]
    steps = 0
    while True:
        count = admissible(pending, source, amount, balance, live, keys, steps + 1, parts)
        if count == 0:
            return balance, numpy.where(waiting, amount, 0), steps
        steps += 1
        while count:
            best_of_each(live, keys, count, source, target, best, parts)
            settle(live, keys, count, source, target, amount, balance, waiting, best, parts)
            left = leave(live, keys, count, source, target, best, waiting, live2, keys2, parts)
            forget(live, count, source, target, best, parts)
            live, live2, keys, keys2, count = live2, live, keys2, keys, left
        left = compact(pending, waiting, other, parts)
        pending, other = other[:left], pending
