import type { Dataset } from "../data/dataset.ts";
import { consumers, graphInputs, removeDeadNodes } from "../onnx/graph.ts";
import { Model } from "../onnx/model.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Branches, type TakenBranch } from "./branches.ts";
import { rootContext } from "./pass.ts";

/**
 * Leaves of each If the branch that is taken, where its condition depends on constants and on inputs that
 * are the same in all samples: the sample rate of a voice detector, a flag for training. What a branch
 * holds is then a part of the network as any other, and the other branch is gone. Of inputs with more than
 * 16 elements, which are data, the shape alone is looked at.
 *
 * An input that decided stays an input, also where nothing reads it any more, so that callers feed what
 * they always fed; another value of it no longer changes the branch.
 *
 * @param data Samples; all of them are looked at. Of fewer than two nobody can say what is always so.
 * @returns The model, with a line for each If in its `amendments`; the same model if there is none.
 * @example
 * ```ts
 * import { arrays, float32Tensor, specialize } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const model = parseModel(`
 *   input x float32[1]; input fast bool[1]; output y float32[1]
 *   y = If(fast) {
 *     then_branch=graph a { output r float32[1]; r = Relu(x) },
 *     else_branch=graph b { output g float32[1]; g = Sigmoid(x) }
 *   }`);
 * const data = arrays({
 *   x: float32Tensor([2, 1], [-1, 1]),
 *   fast: { type: "bool", dims: [2, 1], data: Uint8Array.of(1, 1) },
 * });
 * const { graph, amendments } = await specialize(model, data);
 * assert.deepEqual(graph.node.map(({ opType }) => opType), ["Relu"]);
 * assert.match(amendments[0]!, /fast = 1 in all 2 samples/);
 * ```
 * @category Steps
 */
export async function specialize(
  model: Model,
  data: Dataset | readonly Dataset[],
): Promise<Model> {
  const sets = "sample" in data ? [data] : data;
  const count = sets.reduce((sum, { length }) => sum + length, 0);
  if (count < 2) return model;
  const first = await sets.find(({ length }) => length > 0)!.sample(0);
  const states = new Set(sets.flatMap(({ stream }) => Object.values(stream?.state ?? {})));
  const shapes = new Map(
    graphInputs(model.graph)
      .filter(({ name }) => first[name] && !states.has(name))
      .map(({ name }) => [name, first[name]!]),
  );
  const values = new Map(
    [...shapes].filter(([, { data }]) => data.length <= MOST_ELEMENTS),
  );
  // Which inputs decide at all, before any sample is read for them.
  const trial = new Branches(model.graph, rootContext(model.graph), { values, shapes });
  trial.inline();
  if (trial.taken.length === 0) return model;
  const asked = new Set(trial.taken.flatMap(({ inputs }) => [...inputs.keys()]));
  for (const known of [values, shapes]) {
    for (const name of known.keys()) if (!asked.has(name)) known.delete(name);
  }
  await dropVarying(values, sets, areSame);
  await dropVarying(shapes, sets, haveOneShape);
  const branches = new Branches(model.graph, rootContext(model.graph), { values, shapes });
  const graph = removeDeadNodes(branches.inline());
  if (branches.taken.length === 0) return model;
  const lines = branches.taken.filter(({ inputs }) => inputs.size > 0)
    .map((taken) => described(taken, shapes, count));
  const readers = consumers(graph);
  const decided = new Set(branches.taken.flatMap(({ inputs }) => [...inputs.keys()]));
  const idle = [...decided].filter((name) => !readers.has(name)).map((name) => `"${name}"`);
  if (idle.length > 0) {
    const [verb, what] = idle.length === 1 ? ["stays", "an input"] : ["stay", "inputs"];
    lines.push(`${idle.join(", ")} ${verb} ${what}, which nothing reads any more`);
  }
  return new Model({ ...model.proto, graph }, {
    name: model.name,
    amendments: [...model.amendments, ...lines],
  });
}

/** Takes those out that are another in some sample. */
async function dropVarying(
  known: Map<string, Tensor>,
  sets: readonly Dataset[],
  isLike: (a: Tensor, b: Tensor) => boolean,
): Promise<void> {
  for (const set of sets) {
    for (let index = 0; index < set.length && known.size > 0; index++) {
      const feeds = await set.sample(index);
      for (const [name, value] of known) {
        if (!feeds[name] || !isLike(value, feeds[name])) known.delete(name);
      }
    }
  }
}

function areSame(a: Tensor, b: Tensor): boolean {
  return a.type === b.type && haveOneShape(a, b) &&
    a.data.every((value, i) => Object.is(value, b.data[i]));
}

function haveOneShape(a: Tensor, b: Tensor): boolean {
  return a.dims.length === b.dims.length && a.dims.every((length, axis) => length === b.dims[axis]);
}

/** `took the then branch of If "/If_3", as sr = 16000 in all 40 samples`. */
function described(
  { node, branch, inputs }: TakenBranch,
  tensors: ReadonlyMap<string, Tensor>,
  count: number,
): string {
  const reasons = Array.from(inputs, ([name, what]) => {
    const tensor = tensors.get(name)!;
    return what === "value"
      ? `${name} = ${valueText(tensor)}`
      : `${name} is of shape [${tensor.dims.join(", ")}]`;
  });
  return `took the ${branch} branch of If "${node.name || node.output[0]}", as ` +
    `${reasons.join(" and ")} in all ${count} samples`;
}

/**
 * Most elements of an input that counts as a setting: a rate, a flag, a list of sizes. A larger one is
 * data, or a state that begins with zeros; of it the shape alone may decide.
 */
const MOST_ELEMENTS = 16;

/** Most elements of a value to print. */
const MOST_SHOWN = 4;

function valueText({ data }: Tensor): string {
  if (data.length === 1) return String(data[0]);
  const shown = Array.from(data.slice(0, MOST_SHOWN) as ArrayLike<unknown>, String);
  return `[${[...shown, ...data.length > MOST_SHOWN ? ["…"] : []].join(", ")}]`;
}
