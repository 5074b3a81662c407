"""The whole comparison: every cell with Striate and its rivals interleaved, as JSON lines; and BENCHMARKS.md from them.

    python export_onnx.py ONNX_FOLDER
    python table.py run --striate target/release/striate --onnx ONNX_FOLDER --out results.jsonl [--modes train infer]
        [--threads 1 2] [--models NAME ...] [--blocks 5] [--seconds 0.7]
    python table.py epochs --striate target/release/striate --data FOLDER_WITH_mnist --out results.jsonl [--blocks 3]
    python table.py page results.jsonl > BENCHMARKS.md

A cell is model, batch, mode, threads. A ratio is taken block by block: the rival's time by Striate's, so that above 1 Striate is
faster; the median counts. Run from this folder, on a quiet machine; a cell that is run again replaces the older one.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

import pair

# torch's fair setting: glibc keeps freed activations instead of giving them back to the kernel at every step
TUNED = "env MALLOC_TRIM_THRESHOLD_=1000000000 MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TOP_PAD_=67108864 "
TRAIN = [("lenet5", 64), ("lenet5", 1), ("fashion_cnn", 64), ("vgg11_cifar", 32), ("resnet18_cifar", 32), ("cnn1d", 16), ("unet", 4),
         ("resnet18", 8), ("mobilenet_v2", 8)]
NAMES = list(dict.fromkeys(model for model, _ in TRAIN))
INFER = [(model, batch) for model in NAMES for batch in (1, 32)]
WORDS = "--serve --model {model} --batch {batch} --mode {mode} --threads {threads}"
RIVALS = {
    "torch": (("train", "infer"), NAMES, TUNED + "python peer_torch.py --layout nhwc " + WORDS),
    "jax": (("train",), ["lenet5"], "python peer_jax.py " + WORDS),
    "onnxruntime": (("infer",), NAMES, "python peer_ort.py --onnx ONNX " + WORDS),
    "openvino": (("infer",), NAMES, "python peer_openvino.py --onnx ONNX " + WORDS),
}
STRIATE = "striate bench model {model} --batch {batch} --mode {mode} --threads {threads} --serve"


def machine():
    text = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    of = lambda key: (re.findall(rf"^{key}\s*: (.*)$", text, re.M) or ["unknown"])[0]
    flags = [f for f in ("avx2", "fma", "avx512f") if f in of("flags").split()]
    family = f"family {of('cpu family')}, model {of('model')}"
    return f"{of('model name')} ({family}), {os.cpu_count()} cores, {', '.join(flags)}; {platform.system()} {platform.release()}"


def stamp(striate):
    words = subprocess.run([striate, "version"], capture_output=True, text=True, check=True).stdout.split()
    return {"date": datetime.date.today().isoformat(), "machine": machine(), "striate": " ".join(words[:2])}


def run(a):
    for mode in a.modes:
        for model, batch in TRAIN if mode == "train" else INFER:
            for threads in a.threads:
                if a.models and model not in a.models or a.batches and batch not in a.batches:
                    continue
                cell = dict(model=model, batch=batch, mode=mode, threads=threads)
                commands = {"striate": STRIATE.format(**cell)}
                for name, (modes, models, command) in RIVALS.items():
                    if mode in modes and model in models and (name != "jax" or batch == 1):
                        commands[name] = command.format(**cell)
                here = lambda c: re.sub(r"\bpython\b", sys.executable, c.replace("ONNX ", f"{shlex.quote(a.onnx)} ", 1))
                specs = [(n, here(c) if n != "striate" else c.replace("striate", a.striate, 1)) for n, c in commands.items()]
                rows = pair.pair(specs, a.blocks, a.seconds)
                record = dict(cell, blocks=a.blocks, seconds=a.seconds, **stamp(a.striate), commands=commands,
                              versions={r["peer"]: r["version"] for r in rows if "version" in r and r["peer"] != "striate"})
                record["rows"] = {r["peer"]: {k: r[k] for k in ("images_per_s", "median_ms", "min_ms", "peak_rss_mib")} for r in rows}
                # pair's ratios are to the first, which is Striate: how many times as fast as Striate the rival is
                record["ratios"] = {r["peer"]: [1 / r["ratio"], 1 / r["ratio_max"], 1 / r["ratio_min"]] for r in rows[1:]}
                write(a.out, record)
                print(f"{model} b{batch} {mode} {threads}t: "
                      + ", ".join(f"{n} {v[0]:.2f}" for n, v in record["ratios"].items()), file=sys.stderr, flush=True)


def epochs(a):
    """LeNet-5 on full MNIST, one thread: the seconds of an epoch, Striate and torch in turn."""
    commands = {"striate": f"striate train lenet5 --data mnist --epochs {a.epochs} --batch 64 --threads 1 --json",
                "torch": f"{TUNED}python fashion_train.py --data mnist --feed tensor --epochs {a.epochs} --threads 1"}
    times = {name: [] for name in commands}
    data = os.path.abspath(f"{a.data}/mnist")
    for _ in range(a.blocks):
        with tempfile.TemporaryDirectory() as folder:
            words = shlex.split(commands["striate"].replace("striate", os.path.abspath(a.striate), 1).replace("--data mnist", f"--data {data}"))
            out = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout
            events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
            times["striate"] += [e["seconds"] for e in events if e.get("event") == "epoch"]
        words = shlex.split(re.sub(r"\bpython\b", sys.executable, commands["torch"]).replace("--data mnist", f"--data {data}"))
        times["torch"] += json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["epoch_s"]
    write(a.out, dict(stamp(a.striate), kind="epochs", commands=commands, seconds={n: statistics.median(t) for n, t in times.items()}))


def write(path, record):
    with open(path, "a") as file:
        file.write(json.dumps(record) + "\n")


def page(a):
    records = [json.loads(line) for path in a.files for line in open(path)]
    cells = {(r["mode"], r["model"], r["batch"], r["threads"]): r for r in records if "mode" in r}
    dates = sorted({r["date"] for r in records})
    versions = {}
    for r in cells.values():
        versions.update(r["versions"])
    print("# Benchmarks\n")
    print("Striate beside what a user would pick instead, on the same machine, interleaved block by block. Made by `scripts/rivals/table.py page`")
    print("from what `table.py run` measured; nothing here is written by hand.\n")
    print(f"- date: {', '.join(dates)}")
    for text in sorted({r["machine"] for r in records}):
        print(f"- machine: {text}")
    print(f"- versions: {', '.join(sorted({r['striate'] for r in records}))}; " + ", ".join(f"{n} {v}" for n, v in sorted(versions.items())))
    blocks = sorted({(r["blocks"], r["seconds"]) for r in cells.values()})
    print("- " + "; ".join(f"{b} blocks of about {s:g} s a program and cell" for b, s in blocks))
    print("- torch is *tuned*: channels-last, and glibc told to keep freed memory; without that it is slower")
    for note in a.note:
        print(f"- {note}")
    print("\nA ratio says how many times as fast Striate is, the median over the blocks with the least and greatest in brackets: above 1 it is")
    print("faster. A training step is forward, cross-entropy, backward, SGD with momentum 0.9, on a fixed batch of noise.\n")
    for mode in ("train", "infer"):
        rows = [(key, r) for key, r in cells.items() if key[0] == mode]
        if not rows:
            continue
        rivals = [name for name in RIVALS if any(name in r["ratios"] for _, r in rows)]
        print(f"## {'Training' if mode == 'train' else 'Inference'}\n")
        print("| model | batch | threads | images/s | ms | MiB | " + " | ".join(f"to {n}" for n in rivals) + (" | to the best |" if len(rivals) > 2 else " |"))
        print("|---|---|---|---|---|---|" + "---|" * (len(rivals) + (len(rivals) > 2)))
        order = {c: i for i, c in enumerate(TRAIN if mode == "train" else INFER)}
        for (_, model, batch, threads), r in sorted(rows, key=lambda item: (order.get(item[0][1:3], 99), item[0][3])):
            own = r["rows"]["striate"]
            text = lambda n: "{:.2f} ({:.2f}–{:.2f})".format(*r["ratios"][n]) if n in r["ratios"] else "–"
            best = f" {min(v[0] for v in r['ratios'].values()):.2f} |" if len(rivals) > 2 else ""
            print(f"| {model} | {batch} | {threads} | {own['images_per_s']:.1f} | {own['median_ms']:.3f} | {own['peak_rss_mib']:.0f} | "
                  + " | ".join(text(n) for n in rivals) + " |" + best)
        print()
    two = [(m, b, mode) for mode, m, b, t in cells if t == 1 and (mode, m, b, 2) in cells]
    if two:
        print("## Two threads by one\n\nFrom the cells above, which were not interleaved with each other.\n\n| model | batch | mode | speed |\n|---|---|---|---|")
        for model, batch, mode in two:
            rate = lambda t: cells[mode, model, batch, t]["rows"]["striate"]["images_per_s"]
            print(f"| {model} | {batch} | {mode} | {rate(2) / rate(1):.2f} |")
        print()
    for r in [r for r in records if r.get("kind") == "epochs"][-1:]:
        print("## An epoch of MNIST\n\nLeNet-5, batch 64, one thread, 60,000 digits, in turn; median seconds of an epoch.\n")
        print("| program | seconds |\n|---|---|")
        for name, seconds in r["seconds"].items():
            print(f"| {name} | {seconds:.2f} |")
        print("\n```sh\n" + "\n".join(r["commands"].values()) + "\n```\n")
    print("## Commands\n\nIn `scripts/rivals`, after `python export_onnx.py ONNX`; one program of each kind, the others by analogy:\n\n```sh")
    seen = set()
    for r in cells.values():
        for name, command in r["commands"].items():
            if (name, r["mode"]) not in seen:
                seen.add((name, r["mode"]))
                print(command)
    print("python table.py run --striate striate --onnx ONNX --out results.jsonl\npython table.py page results.jsonl\n```")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = p.add_subparsers(required=True)
    v = verbs.add_parser("run")
    v.set_defaults(do=run)
    v.add_argument("--striate", required=True)
    v.add_argument("--onnx", default="ONNX")
    v.add_argument("--out", required=True)
    v.add_argument("--modes", nargs="*", default=["train", "infer"])
    v.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    v.add_argument("--models", nargs="*")
    v.add_argument("--batches", type=int, nargs="*")
    v.add_argument("--blocks", type=int, default=5)
    v.add_argument("--seconds", type=float, default=0.7)
    v = verbs.add_parser("epochs")
    v.set_defaults(do=epochs)
    v.add_argument("--striate", required=True)
    v.add_argument("--data", required=True)
    v.add_argument("--out", required=True)
    v.add_argument("--epochs", type=int, default=3)
    v.add_argument("--blocks", type=int, default=3)
    v = verbs.add_parser("page")
    v.add_argument("--note", action="append", default=[], help="what a reader must know of the measurement")
    v.set_defaults(do=page)
    v.add_argument("files", nargs="+")
    a = p.parse_args()
    a.do(a)


if __name__ == "__main__":
    main()
