"""What examples/digits.lisp does, with scikit-learn.

    digits_sklearn.py DIGITS.csv.gz            prints how many are right, and the confusion matrix
    digits_sklearn.py DIGITS.csv.gz TIMES      then one line of JSON: the classes, the digits whose third neighbour is as far as the fourth
                                               (which of them counts is a matter of the algorithm), and the ms of TIMES
                                               classifications in each way
"""
import json
import sys
import time

import numpy
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier

table = numpy.loadtxt(sys.argv[1], delimiter=",")
images, labels = table[:, :64], table[:, 64].astype(numpy.int64)
found = KNeighborsClassifier(3).fit(images[:1000], labels[:1000]).predict(images[1000:])
print(f"{(found == labels[1000:]).sum()} of {len(found)} right\n")
print(confusion_matrix(labels[1000:], found))

if len(sys.argv) > 2:
    nearest = KNeighborsClassifier(4).fit(images[:1000], labels[:1000]).kneighbors(images[1000:])[0]
    open_digits = numpy.flatnonzero(nearest[:, 2] == nearest[:, 3])
    ways = {}
    for dtype in ("float64", "float32"):
        known, tested = images[:1000].astype(dtype), images[1000:].astype(dtype)
        for algorithm in ("brute", "kd_tree", "ball_tree"):
            def classified(known=known, tested=tested, algorithm=algorithm):
                return KNeighborsClassifier(3, algorithm=algorithm).fit(known, labels[:1000]).predict(tested)

            if not set(numpy.flatnonzero(classified() != found)) <= set(open_digits):
                sys.exit(f"{algorithm} in {dtype} finds other classes")
            times = []
            for _ in range(int(sys.argv[2])):
                start = time.perf_counter()
                classified()
                times.append(1000 * (time.perf_counter() - start))
            ways[f"{algorithm}, {dtype}"] = times
    print(json.dumps({"classes": found.tolist(), "open": open_digits.tolist(), "ms": ways}))
