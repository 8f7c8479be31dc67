import type * as Ort from "onnxruntime-web";
import { nearest, UserError } from "../../errors.ts";
import type { Model } from "../../onnx/model.ts";
import type { ElementType, Feeds, Tensor, ValueType } from "../../tensor/tensor.ts";
import { checkFeeds } from "../feeds.ts";
import { explain, RuntimeError } from "../runtime_errors.ts";
import type { Session, SessionOptions } from "../session.ts";
import { ortModule } from "./ort_module.ts";
import { WebWorker } from "./web_worker.ts";

/** Loads a model into the onnxruntime-web instance of this thread: see `openSession()`. */
export async function openOrtSession(
  model: Uint8Array | Model,
  options: SessionOptions,
): Promise<Session> {
  const isBytes = model instanceof Uint8Array;
  const { name = isBytes ? "the model" : model.name } = options;
  const bytes = isBytes ? model : model.bytes();
  const scalars = isBytes ? undefined : scalarsOf(model);
  return await OrtSession.open(bytes, { ...options, name, scalars });
}

/** Options for {@linkcode OrtSession.open}. */
interface OrtSessionOptions extends SessionOptions {
  /** Names of the inputs and outputs that are scalars for certain. @default {none} */
  scalars?: ReadonlySet<string>;
  /** Options of the runtime itself, which win. */
  native?: Ort.InferenceSession.SessionOptions;
}

/** The session itself, with what timing and profiling need besides. */
export class OrtSession implements Session {
  readonly inputs: readonly ValueType[];
  readonly outputs: readonly ValueType[];
  readonly #model: string;
  readonly #ort: typeof Ort;
  readonly #native: Ort.InferenceSession;
  readonly #verbose: boolean;
  #released = false;

  private constructor(
    ort: typeof Ort,
    native: Ort.InferenceSession,
    options: OrtSessionOptions,
  ) {
    const { name = "the model", verbose = false, scalars } = options;
    this.#ort = ort;
    this.#native = native;
    this.#model = name;
    this.#verbose = verbose;
    this.inputs = native.inputMetadata.map((value) => valueType(value, name, scalars));
    // A sequence or a map cannot be read here: it is not asked for.
    this.outputs = native.outputMetadata.filter(({ isTensor }) => isTensor)
      .map((value) => valueType(value, name, scalars));
  }

  static async open(bytes: Uint8Array, options: OrtSessionOptions = {}): Promise<OrtSession> {
    const { threads, optimization = "all", verbose = false, name = "the model", native } = options;
    const ort = await ortModule();
    useThreads(ort, threads);
    let session: Ort.InferenceSession;
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
      return new OrtSession(ort, session, options);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Checks the feeds and turns them into the runtime's own tensors, to run with them many times. */
  prepare(feeds: Feeds): Ort.InferenceSession.FeedsType {
    checkFeeds(feeds, this.inputs, { model: this.#model });
    return Object.fromEntries(
      Object.entries(feeds).map(([name, { type, data, dims }]) => [
        name,
        // The types of onnxruntime-web tie each name to its array, which the check has done.
        new this.#ort.Tensor(type as "float32", data as Float32Array, dims),
      ]),
    );
  }

  /** Runs with prepared feeds. What is timed is this: a run as an application does it. */
  async runPrepared(
    feeds: Ort.InferenceSession.FeedsType,
    outputs: readonly string[] = this.outputs.map(({ name }) => name),
  ): Promise<Ort.InferenceSession.ReturnType> {
    if (outputs.length === 0) return {}; // which the runtime itself refuses to be asked for
    const options = { logSeverityLevel: severity(this.#verbose) };
    try {
      return await this.#native.run(feeds, outputs, options);
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
    const tensors = Object.entries(results).map(([name, result]): [string, Tensor] => {
      // The runtime has copied the elements out of its heap already; they outlive the tensor.
      const { type, dims, data } = result;
      result.dispose();
      return [name, { type, dims, data } as Tensor];
    });
    return Object.fromEntries(tensors);
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

/** Threads of the WASM instance of this thread; undefined before its first session. */
export function threadsHere(): number | undefined {
  return decided;
}

/** The instance is made by the first session, and its number of threads cannot be changed after. */
function useThreads(ort: typeof Ort, threads: number | undefined): void {
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
  value: Ort.InferenceSession.ValueMetadata,
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
export function scalarsOf({ graph }: Model): Set<string> {
  const scalars = [...graph.input, ...graph.output].filter(({ type }) =>
    type?.value.case === "tensorType" && type.value.value.shape?.dim.length === 0
  );
  return new Set(scalars.map(({ name }) => name));
}
