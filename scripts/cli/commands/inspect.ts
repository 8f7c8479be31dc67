import { table } from "../../../lib/display.ts";
import { type ModelSummary, summarizeModel } from "../../../lib/onnx/summary.ts";
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
  await print(
    options.json
      ? JSON.stringify(summary, null, 2)
      : describe(summary, model.amendments, options.all),
  );
});

/** More nodes than this are too many to read: only those with weights are shown. */
const MANY = 40;

function describe(model: ModelSummary, amendments: readonly string[], all: boolean): string {
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
  const layers = numbered.filter(({ node }) => node.float32Bytes > 0);
  const shown = all || numbered.length <= MANY || layers.length === 0 ? numbered : layers;
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
    table(nodes).text,
    ...left > 0 ? [`And ${left} nodes without float32 weights: --all shows them.`] : [],
  ].join("\n\n");
}

function describeValue({ name, type, dims }: ValueType): string {
  const shape = dims ? `[${dims.map((dim) => dim ?? "?").join(", ")}]` : "[...]";
  return `${name}: ${type} ${shape}`;
}

export default main;
