"""Texts of a JSON schema by xgrammar, on all threads: in each step the letters that may come next as a bit mask for each text, a draw from the model
of letter pairs under the mask (a batch at once, in NumPy), and the letters accepted.

  text_xgrammar.py text FOLDER COUNT LENGTH SAMPLES

FOLDER/schema.json, letters.txt (letter k is id k; a blank ends a text) and bigram.csv are what constrained-text.lmpm is given. Writes FOLDER/peer.npy,
texts padded with blanks, and prints {"ms": [all texts, in each sample]}. The grammar is compiled before. No letter knows what follows
it: the texts are accepted, but not distributed as the model's texts that are."""
import json
import os
import sys
import time

import numpy
import xgrammar


class Texts:
    def __init__(self, folder, count, length):
        self.letters = open(f"{folder}/letters.txt").read()
        self.blank = self.letters.index(" ")
        self.count, self.length = count, length
        # The blank that ends a text is the stop token.
        vocabulary = [letter if letter != " " else "</s>" for letter in self.letters]
        info = xgrammar.TokenizerInfo(vocabulary, vocab_type=xgrammar.VocabType.RAW, vocab_size=len(vocabulary), stop_token_ids=[self.blank])
        schema = open(f"{folder}/schema.json").read()
        self.grammar = xgrammar.GrammarCompiler(info, max_threads=os.cpu_count()).compile_json_schema(
            schema, any_whitespace=False, separators=(",", ":"), strict_mode=True)
        logits = numpy.loadtxt(f"{folder}/bigram.csv", delimiter=",")
        chances = numpy.exp(logits - logits.max(axis=1, keepdims=True))
        self.chances = chances / chances.sum(axis=1, keepdims=True)
        self.batch = xgrammar.BatchGrammarMatcher(max_threads=os.cpu_count())

    def write(self, seed):
        source = numpy.random.default_rng(seed)
        texts = numpy.full((self.count, self.length), self.blank, numpy.uint8)
        matchers = [xgrammar.GrammarMatcher(self.grammar) for _ in range(self.count)]
        mask = xgrammar.allocate_token_bitmask(self.count, len(self.letters))
        rows = numpy.arange(self.count)
        before = numpy.full(self.count, len(self.letters))
        for place in range(self.length):
            here = mask[:len(matchers)]
            self.batch.batch_fill_next_token_bitmask(matchers, here)
            allowed = numpy.unpackbits(here.numpy().view(numpy.uint8), axis=1, bitorder="little")[:, :len(self.letters)]
            up_to = numpy.cumsum(self.chances[before] * allowed, axis=1)
            drawn = (up_to <= (source.random(len(matchers)) * up_to[:, -1])[:, None]).sum(axis=1)
            texts[rows, place] = drawn
            self.batch.batch_accept_token(matchers, drawn.tolist())
            left = numpy.flatnonzero(drawn != self.blank)
            if not len(left):
                return texts
            matchers, rows, before = [matchers[i] for i in left], rows[left], drawn[left]
        sys.exit(f"text_xgrammar.py: a text has more than {self.length - 1} letters")


def main(folder, count, length, samples):
    texts = Texts(folder, count, length)
    texts.write(0)
    taken = []
    for sample in range(samples):
        start = time.perf_counter()
        out = texts.write(sample + 1)
        taken.append(1000 * (time.perf_counter() - start))
    numpy.save(f"{folder}/peer.npy", out)
    print(json.dumps({"ms": taken}))


if __name__ == "__main__":
    main(sys.argv[2], *map(int, sys.argv[3:]))
