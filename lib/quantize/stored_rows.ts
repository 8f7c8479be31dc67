import { intAttribute, isStandard, makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import { knownWeights } from "./known_weights.ts";
import type { WeightOnly } from "./qconfig.ts";
import { readWeights } from "./read_weights.ts";
import { quantizeWeights } from "./weights.ts";

/**
 * Elements from which on a table is worth three nodes more in each run: expanded at load, it takes five times
 * its bytes of the heap. A smaller one is cheap to expand, and its Gather stays one node.
 */
const LARGE_TABLE = 2 ** 18;

/**
 * Writes a Gather of rows from a large table such that the table stays int8 while the model runs: rows are
 * gathered as integers, and they alone are made float32. The numbers are those of a table that is expanded
 * first; the Gather itself takes half as long again (kernel fact rows-of-an-int8-table), a network about the
 * same.
 *
 * @returns Whether it was written; if not, the table is stored small as other weights are.
 */
export function storeRows(
  node: NodeProto,
  { bits, weight }: WeightOnly,
  builder: Builder,
): boolean {
  const { facts } = builder;
  const [name = "", indices = ""] = node.input;
  const [y = ""] = node.output;
  const table = facts.floatConstant(name);
  if (!isStandard(node) || node.opType !== "Gather" || !table) return false;
  const dims = dimsOf(table);
  const isTable = dims.length === 2 && intAttribute(node, "axis", 0) === 0 && !facts.layoutOf(name);
  if (!isTable || elementCount(dims) < LARGE_TABLE) return false;
  if (bits !== 8 || weight.scheme === "affine") return false;
  const home = builder.homeOf(name);
  const stored = home.once(`rows ${name} ${weight.name}`, () => {
    const { data } = readWeights(name, facts);
    const axis = weight.granularity === "channel" ? 0 : undefined;
    const { type, values, scales, zeroPoints, scaleDims } = knownWeights(name, axis, facts) ??
      quantizeWeights(data, dims, axis === undefined ? [] : [axis], weight);
    return {
      integers: home.constant(`${name}_${type}`, { type, dims, data: values } as Tensor),
      scale: home.constant(`${name}_scale`, { type: "float32", dims: scaleDims, data: scales }),
      zeroPoint: type === "uint8"
        ? home.constant(`${name}_zero_point`, {
          type: "float32",
          dims: [],
          data: Float32Array.of(zeroPoints[0]!),
        })
        : undefined,
      isPerRow: scaleDims.length > 0,
    };
  });
  const part = (base: string) => builder.fresh(`${y}_${base}`);
  const [rows, wide] = [part("int8"), part("wide")];
  let scale = stored.scale;
  builder.push({ ...node, input: [stored.integers, indices], output: [rows] });
  builder.push(makeNode("Cast", [rows], [wide], { to: TensorProto_DataType.FLOAT }));
  if (stored.isPerRow) {
    scale = part("scale");
    builder.push(makeNode("Gather", [stored.scale, indices], [scale], { axis: 0 }));
  }
  let centred = wide;
  if (stored.zeroPoint) {
    centred = part("centred");
    builder.push(makeNode("Sub", [wide, stored.zeroPoint], [centred]));
  }
  builder.push(makeNode("Mul", [centred, scale], [y]));
  return true;
}
