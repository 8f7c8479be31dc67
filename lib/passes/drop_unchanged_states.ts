import { subgraphs } from "../onnx/graph.ts";
import { intAttribute, isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";

/**
 * Has the body of a Loop or Scan read from outside what it only carries from step to step: TensorFlow
 * hands all weights of a recurrent layer around its loop, which hides that they are constants. What the
 * Loop gives of such a state at its end is what it was given.
 */
export function dropUnchangedStates(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const passed = new Map<string, string>();
  let changed = false;
  const node = graph.node.flatMap((loop): NodeProto[] => {
    const unchanged = unchangedStates(loop);
    const [body] = subgraphs(loop);
    if (!body || unchanged.length === 0) return [loop];
    changed = true;
    const copies = unchanged.flatMap(({ outer, result }) => {
      if (!result) return [];
      if (!outputs.has(result)) {
        passed.set(result, outer);
        return [];
      }
      const copy = makeNode("Identity", [outer], [result], {}, { name: context.fresh(result) });
      context.origins.inherit(copy, loop);
      return [copy];
    });
    const lean = withoutStates(loop, body, unchanged, context);
    context.origins.inherit(lean, loop);
    return [lean, ...copies];
  });
  return changed ? redirectReaders({ ...graph, node }, passed, context.origins) : graph;
}

/** A state that each step hands on as it came. */
interface State {
  /** Its index among the inputs of the node, those of the body, and the outputs of each. */
  readonly at: { input: number; inner: number; innerOutput: number; output: number };
  /** Its name outside and in the body. */
  readonly outer: string;
  readonly inner: string;
  /** What the node gives of it; "" if nothing. */
  readonly result: string;
}

/** Where states stand: behind so many other inputs and outputs of the node and of its body. */
function layoutOf(node: NodeProto, body: GraphProto) {
  if (node.opType === "Loop") {
    return { first: { input: 2, inner: 2, innerOutput: 1 }, count: body.input.length - 2 };
  }
  const scanned = intAttribute(node, "num_scan_inputs", 0);
  // Until opset 9 the first input was another.
  const count = node.input.length === body.input.length ? body.input.length - scanned : 0;
  return { first: { input: 0, inner: 0, innerOutput: 0 }, count };
}

function unchangedStates(node: NodeProto): State[] {
  const isLoop = isStandard(node) && (node.opType === "Loop" || node.opType === "Scan");
  const [body] = isLoop ? subgraphs(node) : [];
  if (!body) return [];
  const { first, count } = layoutOf(node, body);
  const sources = new Map(
    body.node.filter(({ opType }) => opType === "Identity")
      .map(({ input, output }) => [output[0]!, input[0]!]),
  );
  const given = body.output.map(({ name }) => name);
  const own = new Set([
    ...body.input.map(({ name }) => name),
    ...body.initializer.map(({ name }) => name),
    ...body.node.flatMap(({ output }) => output),
  ]);
  return Array.from({ length: Math.max(0, count) }, (_, i): State => {
    const [input, inner] = [first.input + i, first.inner + i];
    return {
      at: { input, inner, innerOutput: first.innerOutput + i, output: i },
      outer: node.input[input] ?? "",
      inner: body.input[inner]!.name,
      result: node.output[i] ?? "",
    };
  }).filter(({ at, outer, inner }) => {
    let name: string | undefined = given[at.innerOutput];
    for (let hops = 0; hops < sources.size && name !== inner; hops++) {
      name = sources.get(name ?? "");
    }
    const others = given.filter((one, i) => one === inner && i !== at.innerOutput);
    return name === inner && others.length === 0 && outer !== "" && !own.has(outer);
  });
}

function withoutStates(
  node: NodeProto,
  body: GraphProto,
  unchanged: readonly State[],
  { origins }: PassContext,
): NodeProto {
  const gone = (key: keyof State["at"]) => new Set(unchanged.map(({ at }) => at[key]));
  const without = <T>(list: readonly T[], indices: ReadonlySet<number>) =>
    list.filter((_, i) => !indices.has(i));
  const sources = new Map(unchanged.map(({ inner, outer }) => [inner, outer]));
  const lean = redirectReaders(
    {
      ...body,
      input: without(body.input, gone("inner")),
      output: without(body.output, gone("innerOutput")),
    },
    sources,
    origins,
  );
  return {
    ...node,
    input: without(node.input, gone("input")),
    output: without(node.output, gone("output")),
    attribute: node.attribute.map((one) => one.g === body ? { ...one, g: lean } : one),
  };
}
