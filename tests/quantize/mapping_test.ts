import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../lib/errors.ts";
import { qconfigMapping, resolveMapping, type Selector } from "../../lib/quantize/mapping.ts";
import type { PartName } from "../../lib/record/part_name.ts";
import { dynamicInt8, float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";

const nodes = [
  { name: "/front/conv1/Conv", opType: "Conv", path: "front.conv1" },
  { name: "/front2/conv1/Conv", opType: "Conv", path: "front2.conv1" },
  { name: "/gru/GRU", opType: "GRU", path: "gru" },
  { name: "/fc/Gemm", opType: "Gemm", path: "fc" },
];

/** Kinds that one rule, float32 against a static default, gives the nodes. */
function selected(selector: Selector): number[] {
  const mapping = qconfigMapping({ default: staticInt8(), rules: [[selector, float32]] });
  return resolveMapping(mapping, nodes).flatMap(({ qconfig }, i) =>
    qconfig.kind === "float32" ? [i] : []
  );
}

Deno.test("a module path selects itself and all beneath it, not its namesakes", () => {
  assertEquals(selected("front"), [0]);
  assertEquals(selected("front2.conv1"), [1]);
});

Deno.test("a BatchNorm that an exporter folded into a Conv finds that Conv", () => {
  const identities = [
    { name: "node_1", opType: "Conv", path: "l.conv1", alias: "l.bn1" },
    nodes[2]!,
  ];
  for (const name of ["l.conv1", "l.bn1", "*.bn?", "l"]) {
    const mapping = qconfigMapping({ default: float32, rules: [[name, weightOnly()]] });
    const kinds = resolveMapping(mapping, identities).map(({ qconfig }) => qconfig.kind);
    assertEquals(kinds, ["weightOnly", "float32"], name);
  }
});

Deno.test("a glob selects by node name or module path", () => {
  assertEquals(selected("*.conv1"), [0, 1]);
  assertEquals(selected("/front?/*"), [1]);
  assertEquals(selected("*"), [0, 1, 2, 3]);
});

Deno.test("an exact node name and an operator select", () => {
  assertEquals(selected("/gru/GRU"), [2]);
  assertEquals(selected({ op: "Conv" }), [0, 1]);
});

Deno.test("a part of a transformer selects, of one layer or of all", () => {
  const at = (part: PartName, layer: number) =>
    ({ name: `${layer} of ${part}`, opType: "MatMul", path: "", part, layer }) as const;
  const network = [at("attention", 0), at("feed-forward", 0), at("attention", 1), ...nodes];
  const kinds = (selector: Selector) => {
    const mapping = qconfigMapping({ default: float32, rules: [[selector, weightOnly()]] });
    return resolveMapping(mapping, network).flatMap(({ source }, i) =>
      source === "default" ? [] : i
    );
  };
  assertEquals(kinds({ part: "attention" }), [0, 2]);
  assertEquals(kinds({ part: "attention", layer: 1 }), [2]);
  assertEquals(kinds("feed-forward 0"), [1]); // as an ablation calls it, which proposes rules by such names
  assertThrows(
    () => kinds({ part: "head", layer: 2 }),
    UserError,
    "rule part head of layer 2 matches no node; the network has attention, feed-forward, and 2 layers",
  );
});

Deno.test("later rules win, and the plan names the rule that did", () => {
  const mapping = qconfigMapping({
    default: float32,
    rules: [[{ op: "Conv" }, staticInt8()], ["front", dynamicInt8()], ["gru", weightOnly()]],
  });
  const resolved = resolveMapping(mapping, nodes);
  assertEquals(resolved.map(({ qconfig }) => qconfig.kind), [
    "dynamic",
    "static",
    "weightOnly",
    "float32",
  ]);
  assertEquals(resolved.map(({ source }) => source), [
    `rule "front"`,
    "rule op Conv",
    `rule "gru"`,
    "default",
  ]);
});

Deno.test("a rule that matches nothing is an error that lists the nearest names", () => {
  const resolve = (selector: Selector) => () =>
    resolveMapping(qconfigMapping({ default: float32, rules: [[selector, float32]] }), nodes);
  assertThrows(resolve("front.conv2"), UserError, `nearest are "front.conv1"`);
  assertThrows(resolve({ op: "gemm" }), UserError, `nearest are "Gemm"`);
  assertThrows(resolve({ op: "Einsum" }), UserError, "the network has Conv, GRU, Gemm");
  assertThrows(resolve({ part: "norm" }), UserError, "the network has no attention");
});
