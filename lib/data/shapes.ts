import { UserError } from "../errors.ts";
import { elementCount, type ValueType } from "../tensor/tensor.ts";

/** Dimensions that a message shows. */
const SHOWN = 8;

/** A shape as messages show it; of many dimensions the first and the last. */
export function shapeText(dims: readonly (number | string | null)[]): string {
  const texts = dims.map((dim) => dim ?? "?");
  return texts.length <= SHOWN
    ? `[${texts.join(", ")}]`
    : `[${texts.slice(0, 4).join(", ")}, …, ${texts.at(-1)}] (${texts.length} dimensions)`;
}

/** An input as messages show it, e.g. `float32 [N, 3]`. */
export function inputText({ type, dims }: ValueType): string {
  return `${type} ${dims === undefined ? "of any rank" : shapeText(dims)}`;
}

/** Whether an array of samples fits an input: slices as a batch of one, or each as the whole input. */
export function fitsStack(stack: readonly number[], { dims }: ValueType): boolean {
  if (dims === undefined) return true;
  const rest = stack.slice(1);
  return stack.length > 0 && (fits([1, ...rest], dims) || fits(rest, dims));
}

/**
 * Refuses an array that does not fit an input, with the line of numpy that would mend it where one is
 * known.
 *
 * @param fed Shape of what the network would be fed.
 * @param stack Shape of the whole array; undefined if it is one sample.
 * @param what How the message begins.
 */
export function requireShape(
  fed: readonly number[],
  stack: readonly number[] | undefined,
  input: ValueType,
  what: string,
): void {
  const { dims } = input;
  if (dims === undefined || fits(fed, dims)) return;
  if (stack === undefined) {
    throw new UserError(
      `${what} is of shape ${shapeText(fed)}, but the input is ${shapeText(dims)}`,
    );
  }
  const expected = [shapeText(["samples", ...dims]) + " (each sample a whole input)"];
  if (dims.length > 0 && (dims[0] === 1 || typeof dims[0] !== "number")) {
    expected.unshift(shapeText(["samples", ...dims.slice(1)]) + " (each sample a batch of one)");
  }
  const hint = remedyFor(stack, input);
  throw new UserError(
    `${what} is of shape ${shapeText(stack)}, but the input is ${inputText(input)}: ` +
      `expected ${expected.join(" or ")}${hint === undefined ? "" : `; ${hint}`}`,
  );
}

function fits(fed: readonly number[], dims: readonly (number | string | null)[]): boolean {
  return fed.length === dims.length &&
    fed.every((size, axis) => typeof dims[axis] !== "number" || dims[axis] === size);
}

/** What brings an array of this shape to one that fits. */
function remedyFor(stack: readonly number[], input: ValueType): string | undefined {
  const remedy = remedies(stack, input).find(({ dims }) => fitsStack(dims, input));
  return remedy && `it ${remedy.says}: ${remedy.code}`;
}

interface Remedy {
  readonly dims: readonly number[];
  readonly says: string;
  /** Of an array x, in Python. */
  readonly code: string;
}

function* remedies(stack: readonly number[], input: ValueType): Generator<Remedy> {
  const axes = [...stack.keys()].slice(1);
  if (axes.length > 1) {
    const [first, ...rest] = axes;
    const orders = [[0, axes.at(-1)!, ...axes.slice(0, -1)], [0, ...rest, first!]];
    const layouts = stack.length === 4 && input.dims?.length === 4
      ? ["looks like NHWC", "looks like NCHW"]
      : [];
    for (const [i, order] of orders.entries()) {
      const says = layouts[i] ?? "has its axes in another order";
      yield {
        dims: order.map((axis) => stack[axis]!),
        says,
        code: `x.transpose(${order.join(", ")})`,
      };
    }
  }
  yield { dims: [1, ...stack], says: "has no axis of samples", code: "x[None]" };
  yield {
    dims: [1, 1, ...stack],
    says: "has no axes of samples and channels",
    code: "x[None, None]",
  };
  const [samples = 0, ...one] = stack;
  yield { dims: [samples, 1, ...one], says: "lacks an axis", code: "x[:, None]" };
  yield { dims: [...stack, 1], says: "lacks an axis", code: "x[..., None]" };
  if (one[0] === 1) {
    yield { dims: [samples, ...one.slice(1)], says: "has an axis too many", code: "x[:, 0]" };
  }
  if (one.at(-1) === 1) {
    yield { dims: stack.slice(0, -1), says: "has an axis too many", code: "x[..., 0]" };
  }
  const inner = input.dims?.slice(1) ?? [];
  if (!inner.every((dim) => typeof dim === "number")) return;
  if (elementCount(inner) !== elementCount(one) || (inner.length > 1 && one.length > 1)) return;
  const says = inner.length > 1 ? "is flat" : "is not flat";
  yield { dims: [samples, ...inner], says, code: `x.reshape(${[-1, ...inner].join(", ")})` };
}
