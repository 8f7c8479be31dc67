import assert from "node:assert/strict";
import { file_onnx } from "../../lib/onnx/onnx_pb.ts";

Deno.test("onnx_pb.ts was generated from onnx.proto as it is", () => {
  const source = Deno.readTextFileSync(new URL("../../lib/onnx/onnx.proto", import.meta.url));
  const written = new Set<string>();
  const scopes: string[] = [];
  for (const line of source.replaceAll(/\/\/.*/g, "").split("\n")) {
    const [, kind, scope] = /^\s*(message|enum|oneof)\s+(\w+)\s*\{/.exec(line) ?? [];
    const [, field, number] = /(\w+)\s*=\s*(\d+)\s*(?:\[.*\])?;/.exec(line) ?? [];
    if (kind !== undefined) scopes.push(kind === "oneof" ? "" : scope!);
    else if (/^\s*\}/.test(line)) scopes.pop();
    else if (field !== undefined) {
      written.add(`${scopes.filter((name) => name !== "").join(".")} ${field}=${number}`);
    }
  }
  const generated = new Set<string>();
  const visit = (
    parent: string,
    messages: typeof file_onnx.messages,
    enums: typeof file_onnx.enums,
  ) => {
    for (const { name, values } of enums) {
      for (const value of values) generated.add(`${parent}${name} ${value.name}=${value.number}`);
    }
    for (const { name, fields, nestedMessages, nestedEnums } of messages) {
      for (const field of fields) generated.add(`${parent}${name} ${field.name}=${field.number}`);
      visit(`${parent}${name}.`, nestedMessages, nestedEnums);
    }
  };
  visit("", file_onnx.messages, file_onnx.enums);
  assert.deepEqual([...generated].sort(), [...written].sort());
  assert(generated.has("TensorProto.DataType INT2=26") && generated.size > 150);
});
