import { table } from "../../../lib/display.ts";
import type { Model } from "../../../lib/onnx/model.ts";
import { type ModelSummary, summarizeModel } from "../../../lib/onnx/summary.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import type { LeftNode, UndoneLayer } from "../../../lib/passes/undo/undo_log.ts";
import { count } from "../../../lib/report/format.ts";
import type { ValueType } from "../../../lib/tensor/tensor.ts";
import { flag } from "../command.ts";
import { readNamedModel } from "../model_folder.ts";
import { script } from "../shell.ts";

const command = {
  name: "inspect",
  summary:
    "Shows what an ONNX model is made of: inputs, outputs, opset, size, operators, and each " +
    "layer with the module path by which rules speak of it.",
  operands: { model: { placeholder: "model.onnx", help: "the model, or the folder of one" } },
  options: {
    all: flag("show every node of a large network, those without weights too"),
    json: flag("print everything as JSON"),
  },
  examples: ["model.onnx", "model.onnx --json | jq .operators"],
} as const;

const main = script(command, async ({ operands, options }, { print }) => {
  const model = await readNamedModel(operands.model);
  const summary = await summarizeModel(model);
  const { layers, left } = undoInt8(model);
  const isInt8 = layers.length + left.length > 0;
  await print(
    options.json
      ? JSON.stringify({ ...summary, ...isInt8 && { int8: { layers, left } } }, null, 2)
      : [
        describe(summary, model, { all: options.all, isInt8 }),
        ...isInt8 ? [describeInt8(layers, left)] : [],
      ].join("\n\n"),
  );
});

/** More nodes than this are too many to read: only those with weights are shown. */
const MANY = 40;

/** The layers of a file that is int8 already, by the names that rules and plans have for them. */
function describeInt8(layers: readonly UndoneLayer[], left: readonly LeftNode[]): string {
  const rows = layers.map(({ node, form, activations, weights, from }) => ({
    layer: node,
    "int8 as": form === "weights" ? "weights alone" : form,
    activations,
    weights,
    "in the file": countsText(from.map(({ operator }) => operator)),
  }));
  const stay = left.map(({ name, operator, why }) => ({ stays: name, operator, why }));
  return [
    "It is int8 already: other commands read it as float32 operators with the weights that it holds.",
    ...rows.length > 0 ? [table(rows).text] : [],
    ...stay.length > 0 ? [table(stay).text] : [],
  ].join("\n\n");
}

/** `2 DequantizeLinear + ConvInteger` */
function countsText(operators: readonly string[]): string {
  return [...Map.groupBy(operators, (operator) => operator)]
    .map(([operator, { length }]) => length > 1 ? `${length} ${operator}` : operator).join(" + ");
}

function describe(
  model: ModelSummary,
  { amendments }: Pick<Model, "amendments">,
  { all, isInt8 }: { readonly all: boolean; readonly isInt8: boolean },
): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`);
  const facts = [
    ["model", model.name],
    ["size", `${count(model.bytes)} bytes, ${count(model.parameters)} parameters`],
    ["SHA-256", model.hash],
    ["opset", `${opsets.join(", ")}; IR version ${model.irVersion}`],
    ["producer", model.producer || "unknown"],
    ...amendments.map((line) => ["reading", line]),
    ...model.inputs.map((value) => ["input", describeValue(value)]),
    ...model.outputs.map((value) => ["output", describeValue(value)]),
  ];
  const operators = Object.entries(model.operators).map(([operator, nodes]) => ({
    operator,
    nodes,
  }));
  const numbered = model.nodes.map((node, i) => ({ node, i }));
  // Scales and zero points are no weights of a layer.
  const layers = numbered.filter(({ node }) =>
    node.float32Bytes > 0 && !/(Quantize|Dequantize)Linear$/.test(node.opType)
  );
  const isShort = all || numbered.length <= MANY || layers.length === 0 && !isInt8;
  const shown = isShort ? numbered : layers;
  const left = numbered.length - shown.length;
  const nodes = shown.map(({ node, i }) => ({
    "#": i + 1,
    node: "  ".repeat(node.depth) + node.node,
    operator: node.opType,
    "module path": node.path,
    weights: node.weights?.join(" × "),
    "float32 bytes": node.float32Bytes || undefined,
  }));
  return [
    facts.map(([name, value]) => `${name!.padEnd(10)}${value}`).join("\n"),
    table(operators).text,
    ...nodes.length > 0 ? [table(nodes).text] : [],
    ...left > 0 ? [`And ${left} nodes without float32 weights: --all shows them.`] : [],
  ].join("\n\n");
}

function describeValue({ name, type, dims }: ValueType): string {
  const shape = dims ? `[${dims.map((dim) => dim ?? "?").join(", ")}]` : "[...]";
  return `${name}: ${type} ${shape}`;
}

export default main;
