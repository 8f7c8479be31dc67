import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { toBinary } from "@bufbuild/protobuf";
import { readModel } from "../../lib/onnx/file.ts";
import { ModelProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { tensorHash } from "../../lib/onnx/print.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { allTensors } from "../../lib/onnx/tensors.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { UserError } from "../../lib/errors.ts";
import { sharedFiles } from "../shared.ts";
import { canonical } from "./wire.ts";

const files = ["models", "onnx-node-tests"].flatMap((folder) => sharedFiles(folder, ".onnx"));
const options = { ignore: files.length === 0 };
if (options.ignore) console.warn("Skipping the round trips of real models: ../shared is missing");

// 15 of its nodes bear one name, which is put right at reading.
const AMENDED = "silero_vad_openvino_16k.onnx";
const untouched = files.filter((file) => !file.pathname.endsWith(AMENDED));

Deno.test(
  "readModel() puts right what of the real models is wrong, and no more",
  options,
  async () => {
    for (const file of files) {
      const { amendments } = await readModel(file);
      assert.equal(amendments.length, untouched.includes(file) ? 0 : 1, file.pathname);
    }
  },
);

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0; // tens of megabytes
}

Deno.test("readModel() and bytes() give back every real model byte for byte", options, async () => {
  for (const file of untouched) {
    const model = await readModel(file);
    assert(equalBytes(model.bytes(), Deno.readFileSync(file)), file.pathname);
  }
});

Deno.test("Model.save() writes an untouched model byte for byte", options, async () => {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  for (const file of untouched.slice(0, 20)) {
    await (await readModel(file)).save(path);
    assert(equalBytes(Deno.readFileSync(path), Deno.readFileSync(file)), file.pathname);
  }
  await Deno.remove(path);
});

// What a changed model goes through: everything is written anew.
Deno.test(
  "encoding a real model anew loses only names that are present and empty",
  options,
  async () => {
    for (const file of untouched) {
      const model = await readModel(file);
      const encoded = toBinary(ModelProtoSchema, model.proto);
      const expected = canonical(Deno.readFileSync(file), ModelProtoSchema);
      assert(equalBytes(encoded, expected), file.pathname);
    }
  },
);

Deno.test("readModel() copies no weights of real models", options, async () => {
  for (const file of untouched) {
    const model = await readModel(file);
    for (const { rawData } of allTensors(model.proto)) {
      if (rawData?.length) assert.equal(rawData.buffer, model.bytes().buffer, file.pathname);
    }
  }
});

Deno.test(
  "readTensorProto() reads every tensor of real models, or says its type has no array",
  options,
  async () => {
    for (const file of files) {
      for (const tensor of allTensors((await readModel(file)).proto)) {
        try {
          readTensorProto(tensor);
        } catch (error) {
          assert(
            error instanceof UserError && /this type cannot be read/.test(error.message),
            `${error}`,
          );
        }
      }
    }
  },
);

Deno.test(
  "printGraph() writes every real graph such that parseGraph() reads it back",
  options,
  async () => {
    for (const file of files) {
      const { graph, proto } = await readModel(file);
      const tensors = new Map(
        Array.from(allTensors(proto), (tensor) => [tensorHash(tensor), tensor]),
      );
      const text = printGraph(graph);
      assert.equal(printGraph(parseGraph(text, { tensors })), text, file.pathname);
    }
  },
);
