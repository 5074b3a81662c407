#!/usr/bin/env python3
"""Golden numbers of attribution: what Captum says of a small network.

    pip install torch captum
    python scripts/golden_attribution.py

writes crates/striate/tests/golden/attribution.json; crates/striate/tests/attribution.rs holds it against striate::explain.

The network is conv 3x3 - relu - max pool 2 - conv 3x3 - relu - flatten - dense, of 2x12x12 numbers, for 3 classes. Its target
is the score of a class, before any softmax. Everything is computed in 64 bits.

Captum has no Grad-CAM++; it is the formula of Chattopadhay et al. 2018 (equations 10, 14 and 19) with Y = exp(S), whose factor
exp(S), the same at every place, is left out.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from captum.attr import (
    GuidedBackprop,
    InputXGradient,
    IntegratedGradients,
    LayerGradCam,
    NoiseTunnel,
    Occlusion,
    Saliency,
)

FILE = pathlib.Path(__file__).parent.parent / "crates/striate/tests/golden/attribution.json"
SAMPLES, CLASSES = 2, 3
STEPS = 24
SIGMA, DRAWS = 0.3, 6


def numbers(generator, *shape, scale=1.0):
    """With three decimals, so that they are the same in text, in f32 and in f64."""
    x = scale * torch.randn(shape, generator=generator, dtype=torch.float64)
    return torch.round(x * 1000) / 1000


def tensor(t):
    t = t.detach()
    return {"shape": list(t.shape), "real": [float(f"{v:.6g}") for v in t.flatten().tolist()]}


def network(generator):
    net = torch.nn.Sequential()
    for name, layer in [
        ("conv1", torch.nn.Conv2d(2, 3, 3, padding=1)),
        ("relu1", torch.nn.ReLU()),
        ("pool1", torch.nn.MaxPool2d(2)),
        ("conv2", torch.nn.Conv2d(3, 4, 3)),
        ("relu2", torch.nn.ReLU()),
        ("flatten1", torch.nn.Flatten()),
        ("dense1", torch.nn.Linear(4 * 4 * 4, CLASSES)),
    ]:
        net.add_module(name, layer)
    net = net.double().eval()
    for parameter in net.parameters():
        parameter.data = numbers(generator, *parameter.shape, scale=0.4)
    return net


def smooth_grad(net, x, target, noise):
    """Captum's noise tunnel with this noise, one array for each draw, instead of noise of its own."""
    normal = torch.normal
    torch.normal = lambda mean, std: mean + noise
    try:
        tunnel = NoiseTunnel(Saliency(net))
        return tunnel.attribute(
            x, target=target, abs=False, nt_type="smoothgrad", nt_samples=DRAWS, stdevs=SIGMA
        )
    finally:
        torch.normal = normal


def grad_cam_plus_plus(net, layer, x, target):
    """L = relu(sum_k w_k A_k), w_k = sum_ij alpha_kij relu(g_kij), alpha = g^2 / (2 g^2 + sum_ab A_kab g^3)."""
    kept = {}
    hook = getattr(net, layer).register_forward_hook(lambda module, given, output: kept.update(a=output))
    score = net(x)[0, target]
    hook.remove()
    (g,) = torch.autograd.grad(score, kept["a"])
    a = kept["a"].detach()
    below = 2 * g**2 + a.sum(dim=(2, 3), keepdim=True) * g**3
    alpha = torch.where(below != 0, g**2 / torch.where(below != 0, below, torch.ones_like(below)), 0)
    w = (alpha * F.relu(g)).sum(dim=(2, 3), keepdim=True)
    return F.relu((w * a).sum(dim=1, keepdim=True))


def upsampled(cam, x):
    return F.interpolate(cam, size=x.shape[2:], mode="bilinear", align_corners=False)


def questions(net, x, target, baseline, noise):
    """Each method with its answer; the last channel axis and the batch of one are kept as Captum has them."""
    yield "saliency", {}, Saliency(net).attribute(x, target=target)
    yield "gradient-input", {}, InputXGradient(net).attribute(x, target=target)
    values, delta = IntegratedGradients(net).attribute(
        x, baselines=baseline, target=target, n_steps=STEPS, method="riemann_middle", return_convergence_delta=True
    )
    yield "integrated-gradients", {"steps": STEPS, "delta": delta.item()}, values
    yield "smooth-grad", {}, smooth_grad(net, x, target, noise)
    yield "guided-backprop", {}, GuidedBackprop(net).attribute(x, target=target)
    for window, stride in [(3, 3), (4, 2), (5, 4)]:
        values = Occlusion(net).attribute(
            x, target=target, baselines=baseline, sliding_window_shapes=(2, window, window), strides=(2, stride, stride)
        )
        yield "occlusion", {"window": window, "stride": stride}, values
    for layer in ["conv2", "relu2", "pool1"]:
        cam = LayerGradCam(net, getattr(net, layer)).attribute(x, target=target, relu_attributions=True)
        yield "grad-cam", {"layer": layer, "coarse": tensor(cam[0])}, upsampled(cam, x)
        cam = grad_cam_plus_plus(net, layer, x, target)
        yield "grad-cam++", {"layer": layer, "coarse": tensor(cam[0])}, upsampled(cam, x)


def main():
    generator = torch.Generator().manual_seed(7)
    net = network(generator)
    cases = []
    baseline = numbers(generator, 1, 2, 12, 12, scale=0.2)
    noise = numbers(generator, DRAWS, 2, 12, 12, scale=SIGMA)
    xs = [numbers(generator, 1, 2, 12, 12) for _ in range(SAMPLES)]
    for sample, x in enumerate(xs):
        for target in range(CLASSES if sample == 0 else 1):
            for method, settings, values in questions(net, x, target, baseline, noise):
                cases.append(
                    {"method": method, "sample": sample, "class": target, **settings, "values": tensor(values[0])}
                )
    head = {
        "weights": {name: tensor(value) for name, value in net.state_dict().items()},
        "samples": [tensor(x[0]) for x in xs],
        "baseline": tensor(baseline[0]),
        "noise": tensor(noise),
        "scores": [tensor(net(x)[0]) for x in xs],
    }
    lines = [json.dumps({"head": head})] + [json.dumps(case) for case in cases]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("\n".join(lines) + "\n")
    print(f"{FILE}: {len(cases)} cases, {FILE.stat().st_size / 1024:.0f} KiB")


main()
