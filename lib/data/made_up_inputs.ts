import type { GraphProto } from "../onnx/onnx_pb.ts";
import { random } from "../random.ts";
import { elementCount, type Feeds, type NumericType, type Tensor } from "../tensor/tensor.ts";
import { sharedArray } from "./shared.ts";
import { tokenRole } from "./text/token_inputs.ts";
import { validIntegers } from "./valid_integers.ts";

/** What is known of a network's inputs beside their shapes. */
export interface InputFacts {
  /** What reads them. */
  readonly graph: GraphProto;
  /** In which floats lie, by the name of the input. @default {none is known} */
  readonly intervals?: ReadonlyMap<string, Interval>;
}

interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What an input holds: always the same, or another thing each time. */
type Held = Tensor | ((time: number) => Tensor);

/**
 * Three inputs of the shapes of one that was made up. Floats: what it holds, turned around (1 - x), and stretched
 * to lie about zero (2x - 1); where an interval is known, noise all over it, turned around, and a wave. Integers
 * that are all 0: what the network can read, that is, rows of the table that they choose from, the number that
 * they are compared with, ones in a mask, positions counted up. Other integers stay what they are.
 *
 * @returns One where all three are the same.
 */
export function madeUpInputs(first: Feeds, known: InputFacts): Feeds[] {
  const held = Object.entries(first).map(([name, tensor]): [string, Held] => [
    name,
    tensor.type === "float32"
      ? floats(tensor as Tensor<"float32">, known.intervals?.get(name))
      : integers(name, tensor, known.graph),
  ]);
  const times = held.some(([, one]) => typeof one === "function") ? [0, 1, 2] : [0];
  return times.map((time) =>
    Object.fromEntries(
      held.map(([name, one]) => [name, typeof one === "function" ? one(time) : one]),
    )
  );
}

/** Values over which a wave goes through about one period: smooth, as sounds and pictures are. */
const PERIOD = 50;

function floats({ dims, data }: Tensor<"float32">, interval: Interval | undefined): Held {
  const fill = (valueOf: (i: number) => number) => filled("float32", dims, valueOf);
  if (!interval) {
    const kin = [(x: number) => x, (x: number) => 1 - x, (x: number) => 2 * x - 1];
    return (time) => fill((i) => kin[time]!(data[i]!));
  }
  const { low, high } = interval;
  return (time) => {
    const stream = random(1);
    const shareOf = [
      () => stream.between(0, 1),
      () => 1 - stream.between(0, 1),
      (i: number) => (1 + Math.sin(2 * Math.PI * i / PERIOD)) / 2,
    ][time]!;
    return fill((i) => low + (high - low) * shareOf(i));
  };
}

function integers(name: string, tensor: Tensor, graph: GraphProto): Held {
  const { type, dims, data } = tensor;
  if (type === "string" || type.startsWith("float")) return tensor;
  if (!data.every((x) => Number(x) === 0)) return tensor;
  const fill = (valueOf: (i: number) => number) => filled(type, dims, valueOf);
  const role = tokenRole(name);
  if (role === "mask") return fill(() => 1);
  if (role === "types") return tensor;
  const { below, equal } = validIntegers(graph, name);
  if (role === "positions") {
    const length = Math.min(dims.at(-1) ?? 1, below ?? Infinity);
    return fill((i) => i % length);
  }
  if (equal !== undefined) return fill(() => equal);
  if (below === undefined) return tensor;
  return (time) => {
    const stream = random(1 + time);
    return fill(() => Math.floor(stream.between(0, below)));
  };
}

function filled(
  type: NumericType,
  dims: readonly number[],
  valueOf: (i: number) => number,
): Tensor {
  const data = sharedArray(type, elementCount(dims));
  for (let i = 0; i < data.length; i++) {
    data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array
      ? BigInt(valueOf(i))
      : valueOf(i);
  }
  return { type, dims, data } as Tensor;
}
