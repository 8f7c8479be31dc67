import type { Model } from "../../lib/onnx/model.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { NetWriter } from "./net_writer.ts";

/** Nodes of a block, and blocks. */
const [NODES, BLOCKS] = [15, 20];

/**
 * Many small nodes, as exporters write a function of few numbers: 20 gates of 15 nodes each, on [1, 64]. In each
 * the input is scaled and shifted twice, turned, gated by a Tanh, turned back, scaled and shifted, and added to
 * itself; axes come and go.
 */
export function manyNodes(): Model {
  const net = new NetWriter(1);
  const number = (name: string, value: number) =>
    net.constant(name, float32([], Float32Array.of(value)));
  const axes = net.constant("axes", { type: "int64", dims: [1], data: BigInt64Array.of(1n) });
  let x = "x";
  for (let block = 0; block < BLOCKS; block++) {
    const scope = `/gates.${block}`;
    let count = 0;
    const then = (opType: string, from: string, ...more: string[]) =>
      net.node(opType, `${scope}/${opType}_${count++}`, [from, ...more]);
    const turned = (from: string) =>
      net.node("Transpose", `${scope}/Transpose_${count++}`, [from], { perm: [0, 2, 1] });
    const by = (opType: string, from: string, value: number) =>
      then(opType, from, number(`${scope}/value_${count}`, value));
    let y = then("Unsqueeze", x, axes);
    y = by("Sub", by("Div", y, 1.5), 0.25);
    y = by("Add", by("Mul", y, 0.75), 0.125);
    y = turned(then("Tanh", turned(y)));
    y = by("Mul", by("Add", by("Mul", y, 0.5), 0.5), 2);
    y = net.node("Cast", `${scope}/Cast_${count++}`, [y], { to: 1 });
    y = then("Squeeze", y, axes);
    y = by("Mul", y, 0.125);
    x = net.node("Add", `${scope}/Add`, [x, y], {}, block === BLOCKS - 1 ? "y" : undefined);
    if (++count !== NODES) throw new Error(`A block has ${count} nodes`);
  }
  return net.model("many-nodes", { x: [1, 64] }, { y: [1, 64] });
}
