#!/usr/bin/env python3
"""Maps against minisom, Boltzmann machines against scikit-learn, on the same rows.

    pip install minisom scikit-learn safetensors
    python crates/striate-classics/scripts/compare.py som [MNIST_FOLDER] [--threads N]
    python crates/striate-classics/scripts/compare.py rbm [--threads N]

som: the same start, schedule and number of passes. `online` is minisom's own algorithm (its `train_batch` takes the rows one by one);
`batch` moves all weights once a pass. Errors are computed here, from the weights.
rbm: features of 100 units for logistic regression on four data sets, 5 seeds each; and the pseudo-likelihood of the test rows, with
scikit-learn's own formula. Set OMP_NUM_THREADS=1 where the machine has other work: logistic regression on so few rows gains nothing
from threads that wait for each other.
"""

import argparse
import gzip
import pathlib
import subprocess
import tempfile
import time

import numpy as np
from minisom import MiniSom
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM
from sklearn.preprocessing import MinMaxScaler

ROOT = pathlib.Path(__file__).parents[3]


def peer(kind, tensors, *args):
    """Runs examples/peer.rs: what it wrote, and the seconds that it printed."""
    with tempfile.TemporaryDirectory() as folder:
        into, out = f"{folder}/in.safetensors", f"{folder}/out.safetensors"
        save_file({name: np.ascontiguousarray(x, np.float32) for name, x in tensors.items()}, into)
        command = ["cargo", "run", "--release", "-q", "-p", "striate-classics", "--example", "peer", "--"]
        text = subprocess.run(
            command + [kind, into, out, *map(str, args)], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        return load_file(out), {name: float(s) for name, s in (line.split() for line in text.splitlines())}


def errors(rows, weights, columns):
    """Quantisation and topographic error, plainly."""
    d2 = (rows**2).sum(1)[:, None] - 2 * rows @ weights.T + (weights**2).sum(1)
    nearest = np.argsort(d2, axis=1)[:, :2]
    quantisation = np.linalg.norm(rows - weights[nearest[:, 0]], axis=1).mean()
    apart = np.abs(nearest[:, 0] // columns - nearest[:, 1] // columns), np.abs(nearest[:, 0] % columns - nearest[:, 1] % columns)
    return quantisation, (np.maximum(*apart) > 1).mean()


def som_case(name, rows, side, passes, threads):
    rows = rows.astype(np.float32).astype(np.float64)
    start = rows[np.random.RandomState(1).choice(len(rows), side * side, replace=len(rows) < side * side)]
    radius, rate = side / 2, 0.5
    theirs = MiniSom(side, side, rows.shape[1], sigma=radius, learning_rate=rate, sigma_decay_function="inverse_decay_to_one")
    theirs._weights = start.reshape(side, side, -1).copy()
    began = time.perf_counter()
    theirs.train_batch(rows, passes * len(rows))
    seconds = {"minisom": time.perf_counter() - began}
    ours, own = peer("som", {"rows": rows, "start": start}, side, side, passes, radius, rate, threads)
    seconds.update(own)
    weights = {"minisom": theirs.get_weights().reshape(side * side, -1), **ours}
    for kind in ["minisom", "online", "batch"]:
        quantisation, topographic = errors(rows, weights[kind].astype(np.float64), side)
        speed = seconds["minisom"] / seconds[kind]
        print(f"{name:24} {kind:8} {quantisation:10.5f} {topographic:8.4f} {seconds[kind]:10.4f} s {speed:8.1f} ×", flush=True)


def som(mnist, threads):
    print(f"{'':24} {'':8} {'quantis.':>10} {'topogr.':>8} {'training':>12} {'faster':>10}")
    iris = load_iris().data
    som_case("iris 8×8, 40 passes", (iris - iris.mean(0)) / iris.std(0), 8, 40, threads)
    som_case("digits 10×10, 10 passes", load_digits().data / 16, 10, 10, threads)
    if mnist:
        pixels = gzip.open(pathlib.Path(mnist) / "train-images-idx3-ubyte.gz").read()[16 : 16 + 10_000 * 784]
        rows = np.frombuffer(pixels, np.uint8).reshape(-1, 784) / 255
        som_case("MNIST 20×20, 5 passes", rows, 20, 5, threads)


def rbm(threads):
    for load in [load_iris, load_wine, load_breast_cancer, load_digits]:
        print(load.__name__.removeprefix("load_"))
        rbm_case(load(), threads)


def rbm_case(data, threads):
    table = {}
    for seed in range(5):
        train, test, y, z = train_test_split(data.data, data.target, test_size=0.2, random_state=seed, stratify=data.target)
        scale = MinMaxScaler(clip=True).fit(train)
        train, test = (scale.transform(rows).astype(np.float32) for rows in (train, test))
        theirs = BernoulliRBM(n_components=100, learning_rate=0.06, n_iter=20, batch_size=10, random_state=seed)
        began = time.perf_counter()
        theirs.fit(train)
        seconds = {"scikit-learn": time.perf_counter() - began}
        ours, own = peer("rbm", {"train": train, "test": test}, 100, 0.06, 20, seed, threads)
        seconds.update(own)
        features = {"scikit-learn": (theirs.transform(train), theirs.transform(test))}
        likely = {"scikit-learn": theirs.score_samples((test > 0.5).astype(np.float64)).mean()}
        for kind in ["persistent", "cd1"]:
            features[kind] = ours[f"{kind}.train"], ours[f"{kind}.test"]
            theirs.components_ = ours[f"{kind}.weights"].astype(np.float64)
            theirs.intercept_visible_ = ours[f"{kind}.visible_bias"][0].astype(np.float64)
            theirs.intercept_hidden_ = ours[f"{kind}.hidden_bias"][0].astype(np.float64)
            likely[kind] = theirs.score_samples((test > 0.5).astype(np.float64)).mean()
        features["pixels"] = train, test
        for kind, (a, b) in features.items():
            right = LogisticRegression(C=100, max_iter=3000).fit(a, y).score(b, z)
            table.setdefault(kind, []).append((100 * right, likely.get(kind, np.nan), seconds.get(kind, np.nan)))
    print(f"{'':14} {'right %':>8} {'±':>5} {'pseudo-l.':>10} {'training':>10}   {'right % of each seed'}")
    for kind, numbers in table.items():
        right, likely, seconds = np.array(numbers).T
        each = " ".join(f"{x:.1f}" for x in right)
        print(f"{kind:14} {right.mean():8.2f} {right.std():5.2f} {likely.mean():10.2f} {seconds.min():8.3f} s   {each}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["som", "rbm"])
    parser.add_argument("mnist", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    som(args.mnist, args.threads) if args.what == "som" else rbm(args.threads)
