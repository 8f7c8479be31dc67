import type { Accuracy } from "./trial_record.ts";

/**
 * What the model as given is, where it is no float32 network but a file that is int8 already.
 * @category Records (advanced)
 */
export interface GivenRecord {
  /** Tells it from what a later version may know. */
  form: "int8";
  /** The float32 network that accuracy is against; absent: it is against the file's own outputs. */
  reference?: { name: string; hash: string; bytes: number };
  /** The file itself against that network, by split; absent where there is none. */
  accuracy?: { selection: Accuracy; test?: Accuracy };
}

/** What a record of a study tells of its model as given; of a float32 network, nothing. */
export interface OfGiven {
  readonly given?: GivenRecord | undefined;
}

/** How a reader is told of what trials are compared with. */
export interface BaselineWords {
  /** The model that was given, as the name of a row. */
  readonly row: string;
  /** The same in little room. */
  readonly short: string;
  /** What times and sizes are compared with, in a sentence; `'s` can follow. */
  readonly model: string;
  /** What outputs are compared with, in a sentence; `'s` can follow. */
  readonly outputs: string;
}

/** The words for what the trials of a study are compared with. */
export function baselineWords({ given }: OfGiven): BaselineWords {
  if (!given) {
    return {
      row: "float32 as given",
      short: "float32",
      model: "float32",
      outputs: "float32",
    };
  }
  const model = "the given file";
  return {
    row: "the file as given",
    short: "as given",
    model,
    outputs: given.reference ? "float32" : model,
  };
}

/** The value of the model as given on the selection split, which need not be what trials are against. */
export function givenValue<T extends { readonly selection: Accuracy["value"] }>(
  { given, baseline }: OfGiven & { readonly baseline: T },
): Accuracy["value"] {
  return given?.accuracy?.selection.value ?? baseline.selection;
}
