"""Striate's perceptron beside scikit-learn's: same data, same splits, standardized by the training part.

cargo run --release -p striate-classics --example perceptron_accuracy | python crates/striate-classics/scripts/compare_perceptron.py
"""
import json
import sys

import numpy as np
import sklearn.datasets as datasets
from sklearn.linear_model import Perceptron
from sklearn.preprocessing import StandardScaler

LOADERS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
OURS = ["last", "pocket", "average"]

found = {name: [] for name in LOADERS}
for line in sys.stdin:
    run = json.loads(line)
    x, y = LOADERS[run["data"]](return_X_y=True)
    test = np.zeros(len(y), bool)
    test[run["test"]] = True
    scale = StandardScaler().fit(x[~test])
    theirs = Perceptron(random_state=run["seed"]).fit(scale.transform(x[~test]), y[~test])
    found[run["data"]].append([theirs.score(scale.transform(x[test]), y[test])] + [run[keep] for keep in OURS])

print("| data | seeds | scikit-learn | " + " | ".join(OURS) + " |")
print("|---|---|---|" + "---|" * len(OURS))
for name, runs in found.items():
    means = 100 * np.mean(runs, axis=0)
    print(f"| {name} | {len(runs)} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
