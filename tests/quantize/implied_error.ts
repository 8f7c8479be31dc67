import { elementCount, type Tensor } from "../../lib/tensor/tensor.ts";

/** What one operator read and gave, and the real units that one step of the integers stands for. */
export interface Quantities {
  readonly opType: string;
  /** Activations, with their scales. */
  readonly inputs: readonly { readonly tensor: Tensor; readonly step: number }[];
  /** A constant that is multiplied or added, if there is one. */
  readonly weights?: { readonly tensor: Tensor; readonly step: number };
  /** Scale of what comes out; 0 if that is float32. */
  readonly step: number;
}

/**
 * The largest error that rounding to integers can make in the result of one operator, as long as
 * nothing is clipped: each number read is off by half a step at most, and so is what is written.
 */
export function impliedError({ opType, inputs, weights, step }: Quantities): number {
  const factors = [...inputs, ...(weights ? [weights] : [])]
    .map(({ tensor, step }) => ({ largest: largest(tensor), off: step / 2, tensor }));
  const products = (a: typeof factors[0], b: typeof factors[0]) =>
    a.largest * b.off + b.largest * a.off + a.off * b.off;
  const [a, b] = factors;
  const result = (step / 2 + ROUNDING * step) * (1 + FLOAT32);
  if (["Conv", "Gemm", "MatMul"].includes(opType)) {
    const bias = a!.off * 2 * b!.off; // half a step of the products
    return result + bias + terms(opType, b!.tensor) * products(a!, b!);
  }
  if (opType === "Mul") return result + products(a!, b!);
  // Of the others, none makes a difference larger: they average, select, move, or are as flat.
  const off = factors.map(({ off }) => off);
  const sum = opType === "Add" ? off.reduce((x, y) => x + y) : Math.max(...off);
  return result + sum * (1 + FLOAT32);
}

/**
 * The largest error that int8 can make in the states of a recurrent layer with Tanh and Sigmoid: what
 * rounding does to the sums of each gate, carried from step to step.
 *
 * @param x Inputs, with the steps (or the batch) in one of the first two dimensions.
 * @param w Input weights [directions, gates, inputs]; `r` those of the states.
 */
export function impliedRecurrentError(x: Tensor, w: Tensor, r: Tensor): number {
  const steps = Math.max(...x.dims.slice(0, 2));
  const off = (tensor: Tensor, levels: number) => largest(tensor) / levels / 2;
  // A state lies between -1 and 1, so a step of it is 2 / 255 at most; a step of x twice that of |x|.
  const fromInput = largest(w) * off(x, 127) + (largest(x) + off(x, 127)) * off(w, 127);
  const fromState = largest(r) / 255 + (1 + 1 / 255) * off(r, 127);
  const perGate = w.dims[2]! * fromInput + r.dims[2]! * fromState;
  // Sigmoid and Tanh make no difference larger. Gates multiply what is below the number of steps.
  let error = 0;
  for (let t = 0; t < steps; t++) {
    error += (3 + steps) * (perGate + r.dims[2]! * largest(r) * error);
  }
  return error * (1 + FLOAT32);
}

/** Half a step more, for kernels that look up or interpolate before they round. */
const ROUNDING = 0.5;

/** What float32 arithmetic may add to the error, as a share of it. */
const FLOAT32 = 1e-3;

/** How many products one result sums up: no more than this. */
function terms(opType: string, { dims }: Tensor): number {
  return opType === "Conv" ? elementCount(dims.slice(1)) : Math.max(...dims.slice(-2));
}

function largest({ data }: Tensor): number {
  return (data as Float32Array).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}
