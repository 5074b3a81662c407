"""Striate's networks for tables beside scikit-learn's MLPClassifier: same rows, same held-out parts, same topology, columns
scaled to [0, 1] by the training part.

cargo run --release -p striate --example tables_accuracy | python crates/striate/scripts/compare_tables.py
"""
import json
import sys
import warnings

import numpy as np
import sklearn.datasets as datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler

LOADERS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast-cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
OURS = ["modern", "taught"]
# As it comes, and with so many passes that it ends by its own rule.
PASSES = [200, 5000]

warnings.simplefilter("ignore", ConvergenceWarning)
found = {name: [] for name in LOADERS}
for line in sys.stdin:
    run = json.loads(line)
    x, y = LOADERS[run["data"]](return_X_y=True)
    test = np.zeros(len(y), bool)
    test[run["test"]] = True
    scale = MinMaxScaler().fit(x[~test])
    learn, judge = scale.transform(x[~test]), scale.transform(x[test])
    theirs = [
        MLPClassifier((run["hidden"],), max_iter=passes, random_state=run["seed"]).fit(learn, y[~test]).score(judge, y[test])
        for passes in PASSES
    ]
    found[run["data"]].append(theirs + [run[style] for style in OURS])

titles = [f"MLPClassifier, {passes} passes" for passes in PASSES] + OURS
print("| data | seeds | " + " | ".join(titles) + " |")
print("|---|---|" + "---|" * len(titles))
for name, runs in found.items():
    if runs:
        print(f"| {name} | {len(runs)} | " + " | ".join(f"{100 * mean:.2f}" for mean in np.mean(runs, axis=0)) + " |")
