import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { UserError } from "../../lib/errors.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { Model } from "../../lib/onnx/model.ts";
import { makeNode } from "../../lib/onnx/node.ts";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
} from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { inTempFolder } from "../temp_folder.ts";

const large = float32([20, 30], normal(600, 1));
const small = float32([3], [1, 2, 3]);

/** A model with a large and a small initializer, and a large one inside a body. */
function model(): Model {
  const body = create(GraphProtoSchema, {
    name: "then",
    initializer: [makeTensorProto("inner", large)],
    node: [makeNode("Identity", ["inner"], ["z"])],
    output: [{ name: "z" }],
  });
  const floats = makeTensorProto("typed", large);
  return new Model(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ version: 13n }],
      graph: {
        input: [{ name: "c" }],
        node: [makeNode("If", ["c"], ["y"], { then_branch: body, else_branch: body })],
        initializer: [
          makeTensorProto("small", small),
          makeTensorProto("large", large),
          { ...floats, rawData: undefined, floatData: [...large.data] },
          makeTensorProto("huge", float32([2 ** 18 + 1], new Float32Array(2 ** 18 + 1).fill(5))),
        ],
      },
    }),
  );
}

/** Writes a model whose one tensor is in another file, as the entries say. */
async function pointing(folder: string, entries: Record<string, string>): Promise<string> {
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 13n }],
    graph: {
      initializer: [{
        name: "w",
        dataType: DataType.FLOAT,
        dims: [2n],
        dataLocation: DataLocation.EXTERNAL,
        externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
      }],
    },
  });
  const path = `${folder}/net.onnx`;
  await new Model(proto).save(path);
  return path;
}

Deno.test("save() puts large initializers into a second file, and readModel() brings them back", () =>
  inTempFolder(async (folder) => {
    await model().save(`${folder}/net.onnx`, { externalData: true });
    const { size } = await Deno.stat(`${folder}/net.onnx`);
    assert(size < 2000, `${size}`);
    const read = await readModel(`${folder}/net.onnx`);
    assert.equal(read.name, "net.onnx");
    const [first, second, third, fourth] = read.graph.initializer;
    assert.deepEqual(readTensorProto(first!), small);
    assert.deepEqual(readTensorProto(second!), large);
    assert.deepEqual(readTensorProto(third!), large);
    assert.equal(readTensorProto(fourth!).data[2 ** 18], 5);
    const body = read.graph.node[0]!.attribute[1]!.g!;
    assert.deepEqual(readTensorProto(body.initializer[0]!), large);
    // It is one model again: inline, as if it had never been apart.
    assert.equal(second!.externalData.length, 0);
    assert.deepEqual(
      (await readModel(await saved(read, `${folder}/one.onnx`))).bytes(),
      read.bytes(),
    );
  }));

async function saved(model: Model, path: string): Promise<string> {
  await model.save(path);
  return path;
}

Deno.test("save() starts large tensors at a page, so that readers can map them", () =>
  inTempFolder(async (folder) => {
    await model().save(`${folder}/net.onnx`, { externalData: "weights.bin" });
    const data = await Deno.readFile(`${folder}/weights.bin`);
    const fives = new Uint8Array(Float32Array.of(5).buffer);
    const start = data.findIndex((_, i) =>
      i % 4096 === 0 && fives.every((b, j) => data[i + j] === b)
    );
    assert(start > 0 && start % 4096 === 0);
  }));

Deno.test("save() refuses to put the weights outside of the model's folder, or over the model", () =>
  inTempFolder(async (folder) => {
    for (const externalData of ["../w.bin", "/w.bin", "sub/w.bin", "net.onnx", "..", ""]) {
      await assert.rejects(model().save(`${folder}/net.onnx`, { externalData }), UserError);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("readModel() reads the part of the file that offset and length name", () =>
  inTempFolder(async (folder) => {
    await Deno.writeFile(`${folder}/w.bin`, new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
    const path = await pointing(folder, { location: "w.bin", offset: "4", length: "8" });
    const [tensor] = (await readModel(path)).graph.initializer;
    assert.deepEqual(readTensorProto(tensor!).data, Float32Array.of(2, 3));
  }));

Deno.test("readModel() does not follow weights out of the model's folder", () =>
  inTempFolder(async (root) => {
    const folder = `${root}/model`;
    await Deno.mkdir(folder);
    await Deno.writeFile(`${root}/secret.bin`, new Uint8Array(8));
    for (
      const location of [
        "../secret.bin",
        `${root}/secret.bin`,
        "a/../../secret.bin",
        "..\\secret.bin",
        "C:\\secret.bin",
        "file:///secret.bin",
      ]
    ) {
      await assert.rejects(
        readModel(await pointing(folder, { location })),
        /outside of the model's folder/,
      );
    }
    await Deno.symlink(`${root}/secret.bin`, `${folder}/link.bin`);
    await assert.rejects(
      readModel(await pointing(folder, { location: "link.bin" })),
      /link out of the model's folder/,
    );
  }));

Deno.test("readModel() says which weights are missing, cut off or of another length", () =>
  inTempFolder(async (folder) => {
    await Deno.writeFile(`${folder}/w.bin`, new Uint8Array(8));
    const cases: [Record<string, string>, RegExp][] = [
      [
        { location: "gone.bin" },
        /Cannot read the weights of .*net\.onnx in gone\.bin: there is no such file; the model was exported in two files: copy both$/,
      ],
      [
        { location: "w.bin", offset: "4" },
        /tensor "w": its bytes 4 to 12 should be in w\.bin, which has 8/,
      ],
      [
        { location: "w.bin", length: "12" },
        /its length is 12 bytes, but its shape and type take 8/,
      ],
      [{ location: "w.bin", offset: "-4" }, /its offset is "-4"/],
      [{ offset: "0" }, /it names no file/],
    ];
    for (const [entries, message] of cases) {
      await assert.rejects(
        readModel(await pointing(folder, entries)),
        (error) =>
          error instanceof UserError && message.test(error.message) || assert.fail(`${error}`),
      );
    }
  }));

Deno.test("readModel() says that a file is missing, or is a folder", () =>
  inTempFolder(async (folder) => {
    await assert.rejects(readModel(`${folder}/none.onnx`), /none\.onnx: there is no such file/);
    await assert.rejects(readModel(folder), /it is a folder/);
  }));

Deno.test("readModel() takes a file URL, and names the model after its file", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/my net.onnx`;
    await model().save(path, { externalData: true });
    const read = await readModel(new URL(`file://${encodeURI(path)}`));
    assert.equal(read.name, "my net.onnx");
    assert.equal(read.graph.initializer[1]!.externalData.length, 0);
  }));

Deno.test("readModel() reads a model from the web, with the weights beside it", () =>
  inTempFolder(async (folder) => {
    await model().save(`${folder}/net.onnx`, { externalData: true });
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const bytes = await Deno.readFile(folder + new URL(request.url).pathname).catch(() =>
          undefined
        );
        return bytes ? new Response(bytes) : new Response("gone", { status: 404 });
      },
    );
    const root = `http://127.0.0.1:${server.addr.port}`;
    const read = await readModel(new URL(`${root}/net.onnx`));
    assert.equal(read.name, "net.onnx");
    assert.deepEqual(readTensorProto(read.graph.initializer[1]!), large);
    await assert.rejects(readModel(new URL(`${root}/none.onnx`)), /the server answers 404/);
  }));
