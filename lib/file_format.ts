/** What a file was expected to be. */
export type Expected = "model" | "samples";

/** A format that people have at hand, and what would help whoever brings it. */
interface Format {
  /** Beginnings of the content, each byte a character. */
  readonly starts?: readonly (string | RegExp)[];
  /** Of the name, without its point; it is asked where the first bytes tell nothing. */
  readonly endings?: readonly string[];
  readonly what: string;
  /** In place of a model; absent: this is one. */
  readonly model?: string;
  /** In place of samples; absent: these are samples. */
  readonly samples?: string;
}

const EXPORT = "export it with torch.onnx.export";
const TF2ONNX = "convert it with tf2onnx";
const SAVEZ = "save the arrays with numpy.savez";
const WAV = "save it as a .wav";
const FOLDER = "give the folder it lies in";
const SAMPLES = "samples are given as --data";
const MODEL = "the model is named first, without --data";

const NUMPY: Format = {
  starts: ["\x93NUMPY"],
  endings: ["npy", "npz"],
  what: "numpy's",
  model: SAMPLES,
};

const ZIP: Format = {
  starts: ["PK\x03\x04"],
  what: "a ZIP archive, as PyTorch's .pt files are",
  model: EXPORT,
};

const FORMATS: readonly Format[] = [
  both(
    "version https://git-lfs",
    "a Git LFS pointer, not the file itself",
    "run `git lfs pull`",
  ),
  {
    starts: [/^\s*(<!doctype|<html)/i],
    what: "an HTML page: the download gave a web page instead of the file",
    ...{ model: "", samples: "" },
  },
  {
    starts: [/^.{4}ORTM/s],
    endings: ["ort"],
    what: "in onnxruntime's own .ort format",
    ...{ model: "use the .onnx file it was made from", samples: MODEL },
  },
  {
    starts: [/^.{4}TFL3/s],
    endings: ["tflite"],
    what: "TensorFlow Lite's",
    model: TF2ONNX,
    samples: MODEL,
  },
  NUMPY,
  ZIP,
  {
    starts: ["\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"],
    endings: ["pt", "pth", "ckpt", "pkl", "pickle"],
    what: "a Python pickle, as PyTorch writes them",
    ...{ model: EXPORT, samples: SAVEZ },
  },
  {
    starts: ["\x89HDF"],
    endings: ["h5", "hdf5", "keras", "mat"],
    what: "HDF5, as Keras and MATLAB write it",
    ...{ model: TF2ONNX, samples: SAVEZ },
  },
  {
    starts: ["GGUF"],
    endings: ["gguf"],
    what: "llama.cpp's",
    model: "look for an ONNX export",
    samples: MODEL,
  },
  {
    endings: ["safetensors"],
    what: "safetensors, which hold weights alone",
    model: EXPORT,
    samples: SAVEZ,
  },
  { endings: ["pb"], what: "TensorFlow's", model: TF2ONNX, samples: MODEL },
  {
    endings: ["pdmodel", "pdiparams"],
    what: "Paddle's",
    model: "convert it with paddle2onnx",
    samples: MODEL,
  },
  {
    endings: ["mlmodel"],
    what: "Core ML's",
    model: "export the network it was made from",
    samples: MODEL,
  },
  { endings: ["onnx"], what: "a model", samples: MODEL },
  {
    starts: ["\x89PNG", "\xff\xd8\xff"],
    endings: ["png", "jpg", "jpeg"],
    what: "a picture",
    model: SAMPLES,
    samples: FOLDER,
  },
  {
    starts: [/^RIFF.{4}WAVE/s],
    endings: ["wav"],
    what: "a sound",
    model: SAMPLES,
    samples: "name it .wav",
  },
  {
    starts: ["ID3", "fLaC", "OggS"],
    endings: ["mp3", "flac", "ogg", "m4a"],
    what: "packed sound",
    model: SAMPLES,
    samples: WAV,
  },
  { starts: ["PAR1"], endings: ["parquet"], what: "Parquet", model: SAMPLES, samples: SAVEZ },
  both("\x1f\x8b", "packed with gzip", "unpack it first"),
  { endings: ["csv", "tsv", "txt", "json", "jsonl"], what: "text", model: SAMPLES, samples: SAVEZ },
];

function both(start: string, what: string, advice: string): Format {
  return { starts: [start], what, model: advice, samples: advice };
}

/**
 * What a file is instead of what was expected, by its first bytes: "it is HDF5, ...; save ...".
 * Undefined if that is not known.
 *
 * @param name Of the file, which tells apart archives.
 * @example
 * ```ts
 * import { otherFormat } from "./file_format.ts";
 * import assert from "node:assert/strict";
 * const bytes = new TextEncoder().encode("<!DOCTYPE html>");
 * assert.match(otherFormat(bytes, "model")!, /^it is an HTML page/);
 * ```
 */
export function otherFormat(
  bytes: Uint8Array,
  expected: Expected,
  name = "",
): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  const is = (known: string | RegExp) =>
    typeof known === "string" ? start.startsWith(known) : known.test(start);
  const known = FORMATS.find(({ starts }) => starts?.some(is));
  // An archive of arrays begins like any other.
  const isNumpy = known === ZIP && /\.npz$/i.test(name);
  return tell(isNumpy ? NUMPY : known, expected, "it is");
}

/** The same by a file's name, for what is not known by its first bytes. */
export function formatByEnding(name: string, expected: Expected): string | undefined {
  const ending = name.toLowerCase().split(".").at(-1)!;
  const format = FORMATS.find(({ endings }) => endings?.includes(ending));
  return tell(format, expected, `.${ending} says that it is`);
}

function tell(format: Format | undefined, expected: Expected, is: string): string | undefined {
  const advice = format?.[expected];
  if (format === undefined || advice === undefined) return undefined;
  return `${is} ${format.what}${advice && `; ${advice}`}`;
}
