import type { Accuracy, OutputError } from "./trial_record.ts";

/**
 * What the model as given is, where it is no float32 network but a file that is int8 already.
 * @category Records (advanced)
 */
export interface GivenRecord {
  /** Tells it from what a later version may know. */
  form: "int8";
  /** Its layers by how they were int8, `3 layers dynamic`; absent in records of before. */
  layers?: string;
  /** How it was read, what of it stays and why, and what is compared with what, in sentences. */
  about?: string[];
  /** The float32 network that accuracy is against; absent: it is against the file's own outputs. */
  reference?: { name: string; hash: string; bytes: number };
  /** The file itself against that network, by split; absent where there is none. */
  accuracy?: { selection: Accuracy; test?: Accuracy };
  /** Closeness of the file's outputs to that network's, on the selection split. */
  outputs?: OutputError;
}

/** What a record tells of the model that was given; of a float32 network, nothing. */
export interface OfGiven {
  readonly given?: GivenRecord | undefined;
}

/** How a reader is told of what was given, and of what others are compared with. */
export interface BaselineWords {
  /** The model that was given, as the name of a row. */
  readonly row: string;
  /** The same in little room. */
  readonly short: string;
  /** What it computes in, as the family of a row. */
  readonly family: string;
  /** What times and sizes are compared with, in a sentence; `'s` can follow. */
  readonly model: string;
  /** The same where a sentence has it as a thing. */
  readonly network: string;
  /** The same in float32 operators, as ablations change it layer by layer. */
  readonly operators: string;
  /** What outputs are compared with, in a sentence; `'s` can follow. */
  readonly outputs: string;
  /** The same where a sentence has it as a thing. */
  readonly reference: string;
  /** The same in little room. */
  readonly zero: string;
}

const FLOAT32: BaselineWords = {
  row: "float32 as given",
  short: "float32",
  family: "float32",
  model: "float32",
  network: "the float32 network",
  operators: "float32",
  outputs: "float32",
  reference: "the float32 network",
  zero: "float32",
};

const FILE: BaselineWords = {
  row: "the file as given",
  short: "as given",
  family: "int8",
  model: "the given file",
  network: "the given file",
  operators: "the file in float32 operators",
  outputs: "the given file",
  reference: "the given file",
  zero: "as given",
};

/** The words for what a record compares with: the one place that knows what the baseline is called. */
export function baselineWords({ given }: OfGiven): BaselineWords {
  if (!given) return FLOAT32;
  const { outputs, reference, zero } = given.reference ? FLOAT32 : FILE;
  return { ...FILE, outputs, reference, zero };
}

/** A model by its name, and what it was: `model.onnx (int8 already: 3 layers dynamic)`. */
export function subjectText(name: string, { given }: OfGiven): string {
  if (!given) return name;
  return `${name} (int8 already${given.layers === undefined ? "" : `: ${given.layers}`})`;
}

/** The value of the model as given on the selection split, which need not be what trials are against. */
export function givenValue<T extends { readonly selection: Accuracy["value"] }>(
  { given, baseline }: OfGiven & { readonly baseline: T },
): Accuracy["value"] {
  return given?.accuracy?.selection.value ?? baseline.selection;
}
