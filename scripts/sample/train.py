"""Trains the bundled lip-reading network and exports it. Development only.

    deno run --allow-write scripts/sample/export_clips.ts CLIPS
    python scripts/sample/train.py CLIPS RUN

CLIPS is the folder that export_clips.ts filled. RUN receives checkpoints, `lipnet.onnx`,
`logits.json` and `summary.json`. Run again with the same arguments, training continues from the
last checkpoint. lib/data/visemes/README.md has versions, commands and time of the committed file.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from network import LipNet, export

FIRST_TEST_SEED = 3_000_000  # SPLITS.test.start of lib/data/visemes/splits.ts
RECORDED = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=1800, help="length of the schedule")
    parser.add_argument("--stop", type=int, default=1400, help="step to stop at, before its end")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2.5e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    model = LipNet()
    # Same numbers, twice the speed of the trunk's convolutions on a CPU.
    model.trunk = model.trunk.to(memory_format=torch.channels_last)
    train(model, options)
    model = model.to(memory_format=torch.contiguous_format).eval()
    finish(model, options)


def train(model: LipNet, options: argparse.Namespace) -> None:
    clips, labels = load(options.clips / "training")
    development = load(options.clips / "development")
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.02}, {"params": vectors, "weight_decay": 0.0}],
        lr=options.rate,
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    checkpoint = options.run / "checkpoint.pt"
    first, seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["step"], state["seconds"]

    started = time.monotonic() - seconds
    for step in range(first, options.stop):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * one_cycle(step / options.steps)
        rows = batch_rows(step, options.batch, len(clips), options.seed)
        x = augment(normalise(clips[rows]), options.seed + step)
        model.train()
        # bfloat16 where it is safe to use: a third faster, and as good at this noise level.
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        loss = loss_of(logits.float(), torch.from_numpy(labels[rows].astype(np.int64)))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if (step + 1) % 25 == 0:
            seconds = time.monotonic() - started
            print(f"step {step + 1} loss {loss.item():.3f} {seconds:.0f} s", flush=True)
        if (step + 1) % 200 == 0 or step + 1 == options.stop:
            seconds = time.monotonic() - started
            correct = int((predict(model, development[0]).argmax(1) == development[1]).sum())
            print(f"step {step + 1} development {correct / len(development[1]):.4f}", flush=True)
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step + 1,
                "seconds": seconds,
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)  # never a half-written one


def finish(model: LipNet, options: argparse.Namespace) -> None:
    """Exports, checks the file, and measures the float32 accuracy on the test clips."""
    path = options.run / "lipnet.onnx"
    export(model, str(path))
    onnx.checker.check_model(onnx.load(path), full_check=True)
    clips, labels = load(options.clips / "test")
    correct = int((predict(model, clips).argmax(1) == labels).sum())
    low, high = wilson(correct, len(labels))
    summary = {
        "steps": options.stop,
        "schedule": options.steps,
        "batch": options.batch,
        "seconds": round(torch.load(options.run / "checkpoint.pt")["seconds"]),
        "torch": torch.__version__,
        "onnx": onnx.__version__,
        "test": {"clips": len(labels), "correct": correct, "interval95": [low, high]},
    }
    (options.run / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary))
    record_logits(model, clips[:RECORDED], options.run / "logits.json")


def record_logits(model: LipNet, clips: np.ndarray, path: Path) -> None:
    """PyTorch's own answers to the first test clips, for tests of other runtimes."""
    logits = predict(model, clips)
    record = {
        "about": "PyTorch logits, float32 eager mode on a CPU, of the clips made from these seeds",
        "torch": torch.__version__,
        "seeds": [FIRST_TEST_SEED + i for i in range(len(clips))],
        "logits": [[float(f"{value:.6g}") for value in row] for row in logits],
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
    rows = ",\n".join(f"    {json.dumps(row)}" for row in record["logits"])
    lines[-1] = f'  "logits": [\n{rows}\n  ]'
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def load(stem: Path) -> tuple[np.ndarray, np.ndarray]:
    labels = np.fromfile(f"{stem}.labels", np.uint8)
    clips = np.memmap(f"{stem}.clips", np.uint8, "r", shape=(len(labels), 1, 16, 44, 44))
    return clips, labels


def normalise(clips: np.ndarray) -> Tensor:
    """As `clipInput()` of lib/data/visemes/clip.ts does."""
    return torch.from_numpy(((clips / 255 - 0.5) / 0.18).astype(np.float32))


def augment(x: Tensor, seed: int) -> Tensor:
    """Mirrors half of the clips and varies the contrast."""
    generator = torch.Generator().manual_seed(seed)
    mirrored = torch.rand(len(x), 1, 1, 1, 1, generator=generator) < 0.5
    gain = 0.9 + 0.2 * torch.rand(len(x), 1, 1, 1, 1, generator=generator)
    return torch.where(mirrored, x.flip(-1), x) * gain


def batch_rows(step: int, batch: int, count: int, seed: int) -> np.ndarray:
    """Rows of one batch: every clip once in random order, then once more in another order."""
    epoch, within = divmod(step * batch, count - count % batch)
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return np.sort(order[within : within + batch])


def one_cycle(progress: float) -> float:
    """Learning rate relative to its highest: up over the first fifth, then down along a cosine."""
    if progress < 0.2:
        return 0.05 + 0.95 * progress / 0.2
    return 0.5 + 0.5 * math.cos(math.pi * (progress - 0.2) / 0.8)


def predict(model: LipNet, clips: np.ndarray) -> np.ndarray:
    model.eval()
    with torch.no_grad():
        parts = [model(normalise(clips[i : i + 100])) for i in range(0, len(clips), 100)]
    return torch.cat(parts).numpy()


def wilson(correct: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion."""
    p = correct / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(p * (1 - p) / count + (z / (2 * count)) ** 2)
    return round(middle - half, 4), round(middle + half, 4)


if __name__ == "__main__":
    main()
