import { type Dataset, hashSamples, once } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { pastStates } from "../onnx/past_states.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  elementCount,
  type Feeds,
  numericArrays,
  type Tensor,
  type ValueType,
} from "../tensor/tensor.ts";
import { isFloat, readClasses } from "./classes.ts";

/**
 * Options for {@linkcode freeRun}.
 * @category Measuring (advanced)
 */
export interface FreeRunOptions {
  /** Tokens of each text, 1 or more. */
  tokens: number;
  /** Where float32 runs. */
  runtime: Runtime;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * What is to be written behind each prompt, token by token, as a text of people that is longer than the
   * prompts. @default {what float32 writes}
   */
  texts?: readonly ArrayLike<number>[] | undefined;
  /** Output → the input that takes it at the next step. @default {as exporters name them, `present...` → `past...`} */
  state?: Readonly<Record<string, string>> | undefined;
}

/** Prompts that run together: each keeps its past. */
const TOGETHER = 8;

/**
 * Lets float32 write on, from each prompt, with its own past, always the likeliest token; and makes of that the
 * steps in which any form of the network is to write the same: a stream in which each fills its own past.
 * The first step of a sequence is the prompt, each further one a token. The label of the last position of a step
 * is the token that float32 chose there, those of the others are not known.
 *
 * A form that is free to choose writes the same text up to the first step in which its likeliest token is
 * another: so that is where it leaves float32's, which the metric "divergence" measures.
 *
 * @param prompts One a sample, with all inputs but the past, or with that too; without padding.
 * @returns A stream of `tokens` steps a prompt. Its accuracy is measured as that of any data set: divergence, or
 * perplexity of what float32 wrote.
 * @throws {UserError} If the model is no decoder with a past, or it takes inputs that nothing is known of.
 * @example A decoder that writes 1 as soon as it was told one
 * ```ts
 * import { arrays, openRuntime } from "octavo";
 * import { freeRun, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const decoder = parseModel(`
 *   input input_ids int64[1, T]; input past float32[1, P]
 *   output logits float32[1, 2]; output present float32[1, Q]
 *   tensor time int64[1] = [1]; tensor weight float32[1, 2] = [-1, 1]
 *   x = Cast(input_ids) {to=1}
 *   present = Concat(past, x) {axis=1}
 *   sum = ReduceSum(present, time)
 *   logits = MatMul(sum, weight)`);
 * const ids = { type: "int64", dims: [1, 2], data: BigInt64Array.of(0n, 1n) } as const;
 * await using runtime = openRuntime({ workers: 0 });
 * const text = await freeRun(decoder, arrays({ input_ids: ids }), { tokens: 3, runtime });
 * assert.deepEqual(text.tokenLabels!.map((labels) => labels.at(-1)), [1, 1, 1]);
 * ```
 * @category Measuring (advanced)
 */
export async function freeRun(
  model: Model,
  prompts: Dataset,
  options: FreeRunOptions,
): Promise<Dataset> {
  const decoder = decoderOf(model, options.state);
  const starts: Feeds[] = [];
  const written: Written[] = [];
  for (let first = 0; first < prompts.length; first += TOGETHER) {
    const count = Math.min(TOGETHER, prompts.length - first);
    const begun = await Promise.all(
      Array.from(
        { length: count },
        async (_, i) => withEmptyPast(await prompts.sample(first + i), decoder),
      ),
    );
    const texts = options.texts?.slice(first, first + count);
    written.push(...await write(model, begun, decoder, { ...options, texts }));
    starts.push(...begun);
  }
  const { tokens } = options;
  const stream: Dataset = {
    name: `${prompts.name}, ${tokens} tokens written`,
    length: starts.length * tokens,
    tokenLabels: written.flatMap(({ text, positions }) =>
      text.map((token, step) => {
        const length = step === 0 ? positions : 1;
        return Int32Array.from({ length }, (_, i) => i < length - 1 ? -1 : token);
      })
    ),
    stream: { state: decoder.state, lengths: starts.map(() => tokens) },
    sample: (index) => {
      const k = Math.floor(index / tokens);
      return stepOf(starts[k]!, written[k]!.text.slice(0, index % tokens), decoder);
    },
    hash: once(() => hashSamples(stream)),
  };
  return stream;
}

/** What is known of a network that writes. */
interface Decoder {
  readonly name: string;
  /** Input of tokens, and output of their scores. */
  readonly ids: string;
  readonly scores: string;
  readonly state: Readonly<Record<string, string>>;
  readonly inputs: readonly ValueType[];
}

function decoderOf(model: Model, asked: FreeRunOptions["state"]): Decoder {
  const { inputs, outputs } = valueTypes(model.graph);
  const state = asked ?? pastStates(model.graph);
  const tokens = inputs.filter(({ name, type }) =>
    /^int(32|64)$/.test(type) && !/mask|position|type/.test(name)
  );
  const ids = tokens.find(({ name }) => /input_?ids/.test(name)) ?? tokens[0];
  const free = outputs.filter(({ name, type }) => isFloat(type) && !Object.hasOwn(state, name));
  const scores = free.find(({ name }) => /logit/i.test(name)) ?? free[0];
  if (ids && scores && Object.keys(state).length > 0) {
    return { name: model.name, ids: ids.name, scores: scores.name, state, inputs };
  }
  const missing = !ids
    ? "input of tokens"
    : !scores
    ? "output of scores"
    : "past that it gives back";
  throw new UserError(
    `Cannot let ${model.name} write on: it has no ${missing}. It takes an input of tokens (integers), an ` +
      `output of scores, and outputs "present..." that go into inputs "past..."`,
  );
}

/** A prompt with a past of no tokens, where it has none. */
function withEmptyPast(feeds: Feeds, { state, inputs, name }: Decoder): Feeds {
  const missing = Object.values(state).filter((input) => !Object.hasOwn(feeds, input));
  const made = missing.map((input): [string, Tensor] => {
    const found = inputs.find((one) => one.name === input);
    if (!found?.dims || found.type === "string") {
      throw new UserError(`Cannot let ${name} write on: nothing is known of its input "${input}"`);
    }
    const dims = found.dims.map((dim, axis) => typeof dim === "number" ? dim : axis === 0 ? 1 : 0);
    const data = new numericArrays[found.type](elementCount(dims));
    return [input, { type: found.type, dims, data } as Tensor];
  });
  return { ...feeds, ...Object.fromEntries(made) };
}

/** A text, and how many positions the prompt has in the output of scores. */
interface Written {
  readonly text: number[];
  positions: number;
}

/** The tokens that a network writes behind some prompts. */
async function write(
  model: Model,
  starts: readonly Feeds[],
  decoder: Decoder,
  { tokens, texts, runtime, signal }: FreeRunOptions,
): Promise<Written[]> {
  const written: Written[] = starts.map(() => ({ text: [], positions: 1 }));
  const state = Object.entries(decoder.state);
  let pasts: Feeds[] = starts.map(() => ({}));
  for (let step = 0; step < tokens; step++) {
    const feeds = starts.map((start, k) => ({
      ...stepOf(start, written[k]!.text, decoder),
      ...pasts[k],
    }));
    const results: Readonly<Record<string, Tensor>>[] = [];
    const outputs = [decoder.scores, ...state.map(([output]) => output)];
    for await (const result of runtime.run(model, feeds, { outputs, ...(signal && { signal }) })) {
      results.push(result);
    }
    results.forEach((result, k) => {
      const { ids, last } = readClasses(result, decoder.scores);
      if (step === 0) written[k]!.positions = ids.length;
      written[k]!.text.push(texts?.[k]?.[step] ?? last);
    });
    pasts = results.map((result) =>
      Object.fromEntries(state.map(([output, input]) => [input, result[output]!]))
    );
  }
  return written;
}

/**
 * What a network is fed at a step: the prompt; or the last token, at its position, with a mask over all before
 * it. The past is that of the prompt.
 */
function stepOf(start: Feeds, written: readonly number[], { ids, state, name }: Decoder): Feeds {
  const last = written.at(-1);
  if (last === undefined) return start;
  const past = new Set(Object.values(state));
  return Object.fromEntries(
    Object.entries(start).map(([input, tensor]): [string, Tensor] => {
      if (past.has(input)) return [input, tensor];
      if (input === ids) return [input, filled(tensor, [...tensor.dims.slice(0, -1), 1], [last])];
      const values = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
      const end = values.at(-1) ?? 0;
      if (/mask/.test(input)) {
        const all = [...values, ...written.map(() => 1)];
        return [input, filled(tensor, [...tensor.dims.slice(0, -1), all.length], all)];
      }
      if (tensor.type === "bool") return [input, filled(tensor, tensor.dims, values.map(() => 1))];
      const one = [...tensor.dims.slice(0, -1), 1];
      if (/position/.test(input)) return [input, filled(tensor, one, [end + written.length])];
      if (/type/.test(input)) return [input, filled(tensor, one, [end])];
      throw new UserError(
        `Cannot let ${name} write on: what its input "${input}" is at a further step is not known`,
      );
    }),
  );
}

/** A tensor of the type of another. */
function filled({ type }: Tensor, dims: readonly number[], values: readonly number[]): Tensor {
  const isBig = type === "int64" || type === "uint64";
  const data = isBig
    ? BigInt64Array.from(values, BigInt)
    : Object.assign(new numericArrays[type as "int32"](values.length), values);
  return { type, dims, data } as Tensor;
}
