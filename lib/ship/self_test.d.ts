/**
 * Says in a page whether it computes what was measured: outputs of a few samples, as hashes, were written by
 * `octavo canary`. The module is one file that imports nothing, to be copied into a page or imported.
 *
 * ```js ignore
 * import * as ort from "onnxruntime-web/wasm";
 * import { selfTest } from "octavo/self-test";
 *
 * const canary = await (await fetch("/canary.json")).json();
 * const session = await ort.InferenceSession.create("/best.onnx", { executionProviders: ["wasm"] });
 * const { same, text } = await selfTest(session, canary, { ort });
 * if (!same) console.warn(text);
 * ```
 *
 * @module
 */

/**
 * What {@linkcode selfTest} holds a page against; `octavo canary` writes it as JSON.
 * @category Canary
 */
export interface Canary {
  /** Version of this form. */
  readonly canary: 1;
  /** SHA-256 of all the rest, so that damage is not taken for another model. */
  readonly check: string;
  /** The file whose outputs these are. */
  readonly model: {
    /** Its name. */
    readonly name: string;
    /** Its size. */
    readonly bytes: number;
    /** Its hash; absent where weights are in a file beside it. */
    readonly sha256?: string;
  };
  /** What computed them. */
  readonly runtime: {
    /** Release of onnxruntime-web. */
    readonly release: string;
    /** Its binary: `plain`, `jsep`, `asyncify` or `jspi`; all give the same bits. */
    readonly binary: string;
    /** Where it ran, e.g. `Deno 2.9.6, V8 14.9`. */
    readonly engine: string;
    /** Threads that it had. */
    readonly threads: number;
  };
  /** Above what outputs that differ are called close. */
  readonly limits: {
    /** Signal over noise, dB. */
    readonly closeDb: number;
  };
  /** What the model was fed and what it gave, by name: four samples at most, of one form. */
  readonly samples: readonly CanarySample[];
}

/**
 * A sample of a {@linkcode Canary}.
 * @category Canary
 */
export interface CanarySample {
  /** What the model is fed, by name. */
  readonly inputs: Readonly<Record<string, CanaryInput>>;
  /** What it gave, by name. */
  readonly outputs: Readonly<Record<string, CanaryOutput>>;
}

/**
 * An input: its values, or the seed that they are made from.
 *
 * Those of a seed s come from x = s * 0x9e3779b1, and of each element from x = x * 1664525 + 1013904223, all
 * modulo 2^32: floats are low + (high - low) * (x >>> 8) / 2^24, the bits of float16 are 0x3800 | x >>> 22 (from
 * .5 to 1), uint8 is x >>> 24, and other types are zeros.
 * @category Canary
 */
export type CanaryInput =
  & {
    /** Element type, as onnxruntime-web spells it. */
    readonly type: string;
    /** Length of each dimension. */
    readonly dims: readonly number[];
  }
  & ({
    /** The elements, little-endian. */
    readonly base64: string;
  } | {
    /** What they are made from. */
    readonly seed: number;
    /** Least of the floats. @default {0} */
    readonly low?: number;
    /** What the floats are below. @default {1} */
    readonly high?: number;
  });

/**
 * An output, as a hash and a few of its values.
 * @category Canary
 */
export interface CanaryOutput {
  /** Element type, as onnxruntime-web spells it. */
  readonly type: string;
  /** Length of each dimension. */
  readonly dims: readonly number[];
  /** SHA-256 of its elements, little-endian. */
  readonly sha256: string;
  /**
   * Some of its values to seven digits, null where not finite: number i of n is element floor(i * length / n),
   * and n is 32, or length where that is less.
   */
  readonly values: readonly (number | null)[];
}

/**
 * What {@linkcode selfTest} uses of a session of onnxruntime-web.
 * @category Canary
 */
export interface TestedSession {
  /** Names of the model's inputs. */
  readonly inputNames: readonly string[];
  /** Names of the model's outputs. */
  readonly outputNames: readonly string[];
  /** Runs the model once. */
  run(
    feeds: Readonly<Record<string, TestedTensor>>,
  ): Promise<Readonly<Record<string, TestedTensor>>>;
}

/**
 * What {@linkcode selfTest} uses of a tensor of onnxruntime-web.
 * @category Canary
 */
export interface TestedTensor {
  /** Element type. */
  readonly type: string;
  /** Length of each dimension. */
  readonly dims: readonly number[];
  /** The elements, if they are at hand. */
  readonly data: unknown;
  /** Where the elements are: `cpu`, `gpu-buffer`. @default {"cpu"} */
  readonly location?: string;
  /** Fetches the elements. */
  getData?(): Promise<unknown>;
}

/**
 * Options for {@linkcode selfTest}.
 * @category Canary
 */
export interface SelfTestOptions {
  /**
   * The module of onnxruntime-web that the session is of; it tells the release, and whether WebGPU was started.
   * @default {not told}
   */
  readonly ort?: object;
  /** Bytes of the model's file; they tell another file from another runtime. @default {not told} */
  readonly model?: ArrayBuffer | Uint8Array;
}

/**
 * An output of a sample in this page.
 * @category Canary
 */
export interface TestedOutput {
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** Name of the output. */
  readonly name: string;
  /** Whether it is what was measured, to the bit. */
  readonly same: boolean;
  /** Signal over noise of the values that the canary holds, dB, where they can be compared and it is not the same. */
  readonly closeness?: number;
  /** In what its type or shape differs. */
  readonly shape?: string;
  /** Where it was found, if not on the CPU. */
  readonly location?: string;
}

/**
 * What {@linkcode selfTest} found.
 * @category Canary
 */
export interface SelfTestResult {
  /** Whether every output of every sample is what was measured, to the bit. */
  readonly same: boolean;
  /** Whether they differ by less than the canary's limit; false where they are the same. */
  readonly close: boolean;
  /** Signal over noise of the worst output, dB; Infinity where they are the same. */
  readonly closeness: number;
  /** All of it in sentences, for people. */
  readonly text: string;
  /** Why outputs differ, or may, in sentences; empty where they are the same. */
  readonly reasons: readonly string[];
  /** Each output of each sample that was run. */
  readonly outputs: readonly TestedOutput[];
  /** What runs in this page, as far as it can be seen: release, and the binary by the name of its file. */
  readonly runtime: { readonly release?: string; readonly binary?: string };
}

/** Version of the form that canaries have. */
export declare const CANARY_FORM: 1;

/**
 * Runs each sample of a canary once, and says whether this page computes what was measured, and else what
 * differs: another model or file, another release, an execution provider that is not WASM.
 *
 * @param session Of onnxruntime-web; left as it is.
 * @param canary What `octavo canary` wrote, parsed.
 * @throws {Error} If it is no canary, or is damaged.
 * @category Canary
 */
export declare function selfTest(
  session: TestedSession,
  canary: Canary,
  options?: SelfTestOptions,
): Promise<SelfTestResult>;

/**
 * Refuses what is no canary, or is not what was written.
 *
 * @throws {Error} What is wrong with it, in a sentence.
 */
export declare function requireCanary(canary: unknown): asserts canary is Canary;

/** What a canary's `check` must be: SHA-256 of the JSON of all the rest. */
export declare function checkOf(
  canary: Omit<Canary, "check"> & { readonly check?: string },
): string;

/** The elements of an input, in an array of its type. */
export declare function inputData(input: CanaryInput): ArrayBufferView<ArrayBuffer>;

/** What a canary says of an output. */
export declare function canaryOutput(tensor: TestedTensor): CanaryOutput;

/** SHA-256 in hexadecimal digits. Of its own, as pages have `crypto.subtle` over HTTPS and on localhost alone. */
export declare function sha256Hex(bytes: Uint8Array): string;
