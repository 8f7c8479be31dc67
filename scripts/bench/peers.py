"""Write the int8 files that onnxruntime's own quantizers make, for `deno task bench doctor`.

    OCTAVO_PEERS=FOLDER python peers.py [MODELS_FOLDER | NAME.onnx | NAME.onnx=SAMPLES.npz ...]

Without arguments the folder is $OCTAVO_SHARED/models. Its samples are made by recipes/make_npz.py, which
stands beside it. A file given alone has its samples in a NAME.npz beside it: one array for each input, first
axis = samples; the first 40 % calibrate, the rest are the test. $OCTAVO_NETWORKS picks names, with commas.

Into $OCTAVO_PEERS, for each network:
    NAME.onnx             float32, what the quantizers were given before any preparation
    NAME.npz              test samples
    NAME.dynamic.onnx     quantize_dynamic, every default
    NAME.dynamic-u8.onnx  quantize_dynamic with QUInt8 weights
    NAME.static.onnx      quantize_static, every default, calibrated with at most 100 samples
    peers.json            versions, what was made from what, and the message where a file could not be written

Models below opset 13 are raised to 17, then go through quant_pre_process; a prepared model is used only if it
gives what the original gives. Where a quantizer fails on it, the unprepared model is tried: "raw".
Needs onnx, onnxruntime, sympy, numpy; and pillow for make_npz.py.
"""
import importlib.metadata, json, logging, os, platform, shutil, subprocess, sys, tempfile
import numpy as np
import onnx
import onnx.version_converter
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

MOST_CALIBRATION = int(os.environ.get("OCTAVO_CALIBRATION", 100))
COMPARED = 3  # samples that a prepared model is held against the original with
TOLERANCE = 1e-3  # largest difference over largest output


class Samples(CalibrationDataReader):
    def __init__(self, feeds): self.feeds = iter(feeds)

    def get_next(self): return next(self.feeds, None)


def session(path):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds_of(path, arrays, indices):
    """One feed for each index. An array with a rank above its input's holds whole inputs, else a batch."""
    rank = {i.name: len(i.shape) for i in session(path).get_inputs()}
    return [{k: arrays[k][i:i + 1] if arrays[k].ndim == r else np.asarray(arrays[k][i]) for k, r in rank.items()}
            for i in indices]


def difference(one, other, feeds):
    """Largest difference of any output of the two models, over its largest value."""
    a, b = session(one), session(other)
    worst = 0.0
    for feed in feeds:
        for x, y in zip(a.run(None, feed), b.run(None, feed)):
            x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
            worst = max(worst, np.abs(x - y).max(initial=0) / max(np.abs(x).max(initial=0), 1e-12))
    return worst


def opset_of(model): return next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))


def prepared(path, folder, feeds):
    """The model that a user of the quantizers would give them, and what was done to get it."""
    steps, current = [], path
    for what, make in (("opset 17", raise_opset), ("quant_pre_process", preprocess)):
        made = os.path.join(folder, what.replace(" ", "-") + ".onnx")
        try:
            if not make(current, made): continue
            far = difference(path, made, feeds)
            if not far < TOLERANCE: raise ValueError(f"changes the result by {far:.2g}")
            current = made
            steps.append(what)
        except Exception as error: steps.append(f"{what} left out: {message(error)}")
    return current, steps


def raise_opset(path, made):
    model = onnx.load(path)
    if opset_of(model) >= 13: return False
    onnx.save(onnx.version_converter.convert_version(model, 17), made)
    return True


def preprocess(path, made):
    here = os.getcwd()
    os.chdir(os.path.dirname(made))  # shape inference that fails leaves the whole model in the working folder
    try: quant_pre_process(path, made)
    finally: os.chdir(here)
    return True


def message(error): return f"{type(error).__name__}: {error}".strip()[:600]


KINDS = {
    "dynamic": lambda source, made, feeds: quantize_dynamic(source, made),
    "dynamic-u8": lambda source, made, feeds: quantize_dynamic(source, made, weight_type=QuantType.QUInt8),
    "static": lambda source, made, feeds: quantize_static(source, made, Samples(feeds)),
}


def quantized(kind, sources, target, calibration, test):
    """Writes a file from the first source that gives one which loads and runs; says what happened."""
    failures = []
    for what, source in sources:
        made = target + ".part"
        try:
            KINDS[kind](source, made, calibration)
            session(made).run(None, test[0])
            os.replace(made, target)
            return {"file": os.path.basename(target), "from": what, "bytes": os.path.getsize(target),
                    "operators": quantized_operators(target), **({"failed": failures} if failures else {})}
        except Exception as error:
            failures.append(f"{what}: {message(error)}")
            if os.path.exists(made): os.remove(made)
    return {"failed": failures}


def quantized_operators(path):
    """How many nodes of each kind deal with integers; none: the quantizer changed nothing."""
    counts = {}
    for node in onnx.load(path).graph.node:
        if any(word in node.op_type.lower() for word in ("quant", "integer", "qlinear")):
            counts[node.op_type] = counts.get(node.op_type, 0) + 1
    return counts


def peers_of(name, model, npz, out):
    arrays = dict(np.load(npz))
    count = len(next(iter(arrays.values())))
    first_test = int(0.4 * count)
    chosen = np.unique(np.linspace(0, first_test - 1, min(first_test, MOST_CALIBRATION)).astype(int))
    np.savez(os.path.join(out, f"{name}.npz"), **{k: a[first_test:] for k, a in arrays.items()})
    shutil.copyfile(model, os.path.join(out, f"{name}.onnx"))
    calibration, test = feeds_of(model, arrays, chosen), feeds_of(model, arrays, range(first_test, first_test + COMPARED))
    with tempfile.TemporaryDirectory() as folder:
        ready, steps = prepared(model, folder, test)
        sources = [("prepared", ready), ("raw", model)] if ready != model else [("raw", model)]
        kinds = {kind: quantized(kind, sources, os.path.join(out, f"{name}.{kind}.onnx"), calibration, test)
                 for kind in KINDS}
    return {"opset": opset_of(onnx.load(model)), "prepared": steps, "bytes": os.path.getsize(model),
            "calibration": len(calibration), "test": count - first_test, **kinds}


def networks(argument, folder):
    """Name, model, samples and main outputs of each network of a folder of models, or of one file."""
    if not os.path.isdir(argument):
        model, _, npz = argument.partition("=")
        model, npz = os.path.abspath(model), npz and os.path.abspath(npz)
        yield os.path.basename(model).removesuffix(".onnx"), model, npz or model.removesuffix(".onnx") + ".npz", None
        return
    recipe = os.path.join(os.path.dirname(os.path.abspath(argument)), "recipes", "make_npz.py")
    if subprocess.run([sys.executable, recipe, argument, folder], stdout=subprocess.DEVNULL).returncode != 0:
        print(f"{recipe} failed: of its networks only those that it made", file=sys.stderr)
    for root, _, files in sorted(os.walk(folder)):
        if "meta.json" not in files: continue
        meta = json.load(open(os.path.join(root, "meta.json")))
        if meta["variant_of"]: continue
        yield os.path.basename(root), os.path.join(root, "model.onnx"), os.path.join(root, "data.npz"), meta["main_outputs"]


def versions():
    return {"python": platform.python_version(),
            **{p: importlib.metadata.version(p) for p in ("onnx", "onnxruntime", "numpy", "sympy")}}


def main():
    out = os.environ.get("OCTAVO_PEERS")
    shared = os.environ.get("OCTAVO_SHARED")
    arguments = sys.argv[1:] or ([os.path.join(shared, "models")] if shared else [])
    if not out or not arguments: sys.exit(__doc__)
    asked = os.environ.get("OCTAVO_NETWORKS", "").split(",")
    logging.disable(logging.WARNING)
    os.makedirs(out, exist_ok=True)
    record = os.path.join(out, "peers.json")
    known = json.load(open(record))["networks"] if os.path.exists(record) else {}
    for argument in arguments:
        with tempfile.TemporaryDirectory() as folder:
            for name, model, npz, outputs in networks(argument, folder):
                if asked != [""] and name not in asked: continue
                try: known[name] = {**({"outputs": outputs} if outputs else {}), **peers_of(name, model, npz, out)}
                except Exception as error: known[name] = {"failed": message(error)}
                with open(record, "w") as file: json.dump({"versions": versions(), "networks": known}, file, indent=1)
                says = known[name].get("failed") or [f"{k} {'FAILED' if 'file' not in known[name][k] else known[name][k]['from']}" for k in KINDS]
                print(name, says, flush=True)


main()
