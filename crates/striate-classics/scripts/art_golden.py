#!/usr/bin/env python3
"""Golden categories: what artlib makes of the same rows in the same order.

    pip install artlib
    python crates/striate-classics/scripts/art_golden.py

writes crates/striate-classics/tests/golden/art.json, one case a line; crates/striate-classics/tests/art.rs holds it against the crate.

Rows are multiples of 1/256 (iris, each feature scaled to [0, 1]), so that they are the same in f32 and f64.

ART1's patterns are complement coded, as artlib does it: all have 64 of 128 bits. Its match divides by all 128 and not by the pattern's
own, hence half of the vigilance there. (A new category's bottom-up weights are learnt at its second pattern in artlib, at its first in the
paper and in the crate; and its 32-bit bottom-up weights may part categories whose choices are exactly equal. With these patterns and values
of L the categories are the same; with L = 1.5 and ρ = 0.7 one row of the hundred lands elsewhere.)
"""

import json
import pathlib

import numpy as np
from artlib import ART1, FuzzyART, SimpleARTMAP
from sklearn.datasets import load_digits, load_iris

FILE = pathlib.Path(__file__).parent.parent / "tests/golden/art.json"


def complement(x):
    return np.hstack([x, 1.0 - x])


def fuzzy(rows, rho, alpha, beta):
    model = FuzzyART(rho=rho, alpha=alpha, beta=beta)
    labels = model.fit(complement(rows), max_iter=2).labels_
    return labels, np.array(model.W)


def iris():
    data = load_iris()
    x = data.data
    x = np.round((x - x.min(0)) / (x.max(0) - x.min(0)) * 256) / 256
    order = np.random.RandomState(0).permutation(len(x))
    return x[order], data.target[order]


def main():
    cases = []
    rows, targets = iris()
    scaled = (rows * 256).astype(int).tolist()
    for rho, alpha, beta in [(0.5, 0.001, 1.0), (0.75, 0.001, 1.0), (0.75, 0.5, 1.0), (0.9, 1e-6, 1.0), (0.75, 0.001, 0.5)]:
        labels, weights = fuzzy(rows, rho, alpha, beta)
        cases.append(
            {
                "network": "fuzzy-art",
                "vigilance": rho,
                "choice": alpha,
                "rate": beta,
                "passes": 2,
                "rows": scaled,
                "categories": labels.tolist(),
                "weights": np.round(weights.astype(np.float64), 7).ravel().tolist(),
            }
        )
    for rho in [0.0, 0.5]:
        model = SimpleARTMAP(FuzzyART(rho=rho, alpha=0.001, beta=1.0))
        model.fit(complement(rows), targets, max_iter=3, match_tracking="MT+", epsilon=1e-10)
        cases.append(
            {
                "network": "fuzzy-artmap",
                "vigilance": rho,
                "choice": 0.001,
                "rate": 1.0,
                "passes": 3,
                "rows": scaled,
                "labels": targets.tolist(),
                "categories": model.module_a.labels_.tolist(),
                "weights": np.array(model.module_a.W).ravel().tolist(),
            }
        )
    bits = (load_digits().images[:100] > 7).astype(np.int16).reshape(100, 64)
    for rho, bias in [(0.5, 2.0), (0.7, 2.0), (0.7, 4.0), (0.8, 2.0), (0.9, 4.0)]:
        model = ART1(rho=rho / 2, L=bias).fit(complement(bits).astype(np.int16), max_iter=2)
        cases.append(
            {
                "network": "art1",
                "vigilance": rho,
                "bias": bias,
                "passes": 2,
                "rows": ["".join(map(str, row)) for row in bits.tolist()],
                "categories": model.labels_.tolist(),
                "weights": ["".join(map(str, w[128:].astype(int).tolist())) for w in model.W],
            }
        )
    FILE.parent.mkdir(parents=True, exist_ok=True)
    # rows that several cases share are written once
    shared = {"iris": scaled, "digits": cases[-1]["rows"]}
    for case in cases:
        case["rows"] = "digits" if case["network"] == "art1" else "iris"
    lines = [json.dumps({"shared": shared}, separators=(",", ":"))] + [json.dumps(c, separators=(",", ":")) for c in cases]
    FILE.write_text("\n".join(lines) + "\n")
    print(f"{len(cases)} cases, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
