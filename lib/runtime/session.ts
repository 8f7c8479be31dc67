import * as ort from "onnxruntime-web";
import { nearest, UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import type { ElementType, Feeds, Tensor, ValueType } from "../tensor/tensor.ts";
import { explain, RuntimeError } from "./runtime_errors.ts";
import { checkFeeds } from "./feeds.ts";
import { WebWorker } from "./web_worker.ts";

/** Options for {@linkcode openSession}. */
export interface SessionOptions {
  /**
   * Threads of the WASM instance. All sessions of a JavaScript thread share one instance, so the
   * first session decides. @default {as many as the first session; 1 for the first}
   */
  threads?: number;
  /** How far the runtime rewrites the graph before it runs. @default {"all"} */
  optimization?: "all" | "extended" | "basic" | "disabled";
  /** Prints the runtime's warnings. @default {false} */
  verbose?: boolean;
  /** What messages call a model that is given as bytes. @default {"the model"} */
  name?: string;
}

/** A model that is loaded and ready to run. */
export interface Session {
  readonly inputs: readonly ValueType[];
  readonly outputs: readonly ValueType[];
  /**
   * Runs the model once.
   *
   * @param outputs Names of the outputs to return; the runtime need not compute others. All by default.
   * @throws {UserError} If an input is missing, or of another type or shape than the model takes.
   * @throws {RuntimeError} If the runtime fails.
   */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Frees the model's memory for other sessions. The WASM heap itself never shrinks. */
  release(): Promise<void>;
}

/**
 * Loads a model into the onnxruntime-web instance of this thread.
 *
 * @throws {RuntimeError} If the runtime refuses the model: not ONNX, an operator it does not have.
 */
export async function openSession(
  model: Uint8Array | Model,
  options: SessionOptions = {},
): Promise<Session> {
  const isBytes = model instanceof Uint8Array;
  const { name = isBytes ? "the model" : model.name } = options;
  const bytes = isBytes ? model : model.bytes();
  const scalars = isBytes ? undefined : scalarsOf(model);
  return await OpenSession.open(bytes, { ...options, name, scalars });
}

/** Options for {@linkcode OpenSession.open}. */
interface OpenOptions extends SessionOptions {
  /** Names of the inputs and outputs that are scalars for certain. @default {none} */
  scalars?: ReadonlySet<string>;
  /** Options of the runtime itself, which win. */
  native?: ort.InferenceSession.SessionOptions;
}

/** The session itself, with what timing and profiling need besides. */
export class OpenSession implements Session {
  readonly inputs: readonly ValueType[];
  readonly outputs: readonly ValueType[];
  readonly #model: string;
  readonly #native: ort.InferenceSession;
  readonly #verbose: boolean;
  #released = false;

  private constructor(native: ort.InferenceSession, options: OpenOptions) {
    const { name = "the model", verbose = false, scalars } = options;
    this.#native = native;
    this.#model = name;
    this.#verbose = verbose;
    this.inputs = native.inputMetadata.map((value) => valueType(value, name, scalars));
    this.outputs = native.outputMetadata.map((value) => valueType(value, name, scalars));
  }

  static async open(bytes: Uint8Array, options: OpenOptions = {}): Promise<OpenSession> {
    const { threads, optimization = "all", verbose = false, name = "the model", native } = options;
    useThreads(threads);
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(bytes, {
        executionProviders: ["wasm"],
        graphOptimizationLevel: optimization,
        logSeverityLevel: severity(verbose),
        ...native,
      });
    } catch (error) {
      throw explain(error, name, "open");
    } finally {
      globalThis.Worker = WebWorker; // the runtime's own threads are all made by now
    }
    try {
      return new OpenSession(session, options);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Checks the feeds and turns them into the runtime's own tensors, to run with them many times. */
  prepare(feeds: Feeds): ort.InferenceSession.FeedsType {
    checkFeeds(feeds, this.inputs, { model: this.#model });
    return Object.fromEntries(
      Object.entries(feeds).map(([name, { type, data, dims }]) => [
        name,
        // The types of onnxruntime-web tie each name to its array, which the check has done.
        new ort.Tensor(type as "float32", data as Float32Array, dims),
      ]),
    );
  }

  /** Runs with prepared feeds. What is timed is this: a run as an application does it. */
  async runPrepared(
    feeds: ort.InferenceSession.FeedsType,
    outputs?: readonly string[],
  ): Promise<ort.InferenceSession.ReturnType> {
    const options = { logSeverityLevel: severity(this.#verbose) };
    try {
      return outputs
        ? await this.#native.run(feeds, outputs, options)
        : await this.#native.run(feeds, options);
    } catch (error) {
      throw explain(error, this.#model, "run");
    }
  }

  async run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>> {
    if (this.#released) {
      throw new RuntimeError(
        `Cannot run ${this.#model}: its session was released; open it again`,
        this.#model,
      );
    }
    this.#checkOutputs(outputs);
    const results = await this.runPrepared(this.prepare(feeds), outputs);
    const tensors: Record<string, Tensor> = {};
    for (const [name, result] of Object.entries(results)) {
      // The runtime has copied the elements out of its heap already; they outlive the tensor.
      const { type, dims, data } = result;
      tensors[name] = { type, dims, data } as Tensor;
      result.dispose();
    }
    return tensors;
  }

  /** Ends profiling, whereupon the runtime prints what it has gathered. */
  endProfiling(): void {
    this.#native.endProfiling();
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#native.release();
  }

  #checkOutputs(wanted: readonly string[] = []): void {
    const names = this.outputs.map(({ name }) => name);
    for (const name of wanted) {
      if (names.includes(name)) continue;
      throw new UserError(
        `Cannot run ${this.#model}: it has no output "${name}"; nearest are ` +
          `${nearest(name, names).join(", ") || names.slice(0, 3).join(", ")}`,
      );
    }
  }
}

/** Threads of the WASM instance of this thread, once it is decided. */
let decided: number | undefined;

/** The instance is made by the first session, and its number of threads cannot be changed after. */
function useThreads(threads: number | undefined): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new UserError(`Cannot start the runtime: threads must be 1 or more, got ${threads}`);
  }
  if (decided !== undefined && threads !== undefined && threads !== decided) {
    throw new UserError(
      `Cannot use ${threads} threads: the first session of this thread has decided for ${decided}; ` +
        `use openRuntime({ threads: ${threads} }), whose workers have instances of their own`,
    );
  }
  if (decided !== undefined) return;
  decided = threads ?? 1;
  ort.env.wasm.numThreads = decided;
  ort.env.logLevel = "fatal";
}

/** Errors are thrown with the same text, so printing them too would only say everything twice. */
function severity(verbose: boolean): 2 | 4 {
  return verbose ? 2 : 4;
}

/** Dynamic dimensions without a name come as -1, read as an unsigned number. */
const UNNAMED = 2 ** 32 - 1;

function valueType(
  value: ort.InferenceSession.ValueMetadata,
  model: string,
  scalars: ReadonlySet<string> = new Set(),
): ValueType {
  const { name } = value;
  if (!value.isTensor) {
    throw new UserError(
      `Cannot open ${model}: "${name}" is not a tensor but a sequence, a map or optional; ` +
        `export the model with tensors as inputs and outputs`,
    );
  }
  const dims = value.shape.map((dim) => dim === UNNAMED || dim === "" ? null : dim);
  const type = value.type as ElementType;
  // The runtime reports an unknown rank and a scalar alike, as no dimension.
  return dims.length === 0 && !scalars.has(name) ? { name, type } : { name, type, dims };
}

/** Inputs and outputs that the model declares to be scalars. */
function scalarsOf({ graph }: Model): Set<string> {
  const scalars = [...graph.input, ...graph.output].filter(({ type }) =>
    type?.value.case === "tensorType" && type.value.value.shape?.dim.length === 0
  );
  return new Set(scalars.map(({ name }) => name));
}
