import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import {
  type GraphProto,
  type ModelProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
} from "./onnx_pb.ts";
import { bitsOf, byteLengthOf, rawBytes } from "./tensor_proto.ts";
import { allTensors, mapTensors } from "./tensors.ts";

/** Where the elements of a tensor are, in another file. */
interface Location {
  /** Path relative to the folder of the model. */
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Paths of the files that hold tensors of a model, relative to its folder. */
export function externalFiles(proto: ModelProto): Set<string> {
  const paths = new Set<string>();
  for (const tensor of allTensors(proto)) {
    if (tensor.dataLocation === DataLocation.EXTERNAL) paths.add(locate(tensor).path);
  }
  return paths;
}

/**
 * Puts the tensors that are in other files into the model, as views of those files' bytes.
 *
 * @param files Bytes by path, as {@linkcode externalFiles} names them.
 * @throws {UserError} If a tensor lies outside of its file, or is missing there.
 */
export function moveIn(proto: ModelProto, files: ReadonlyMap<string, Uint8Array>): ModelProto {
  return mapTensors(proto, (tensor) => {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) return tensor;
    const { path, offset, length } = locate(tensor);
    const bytes = files.get(path);
    if (bytes === undefined || offset + length > bytes.length) {
      throw new UserError(
        `Cannot read tensor "${tensor.name}": its bytes ${offset} to ${
          offset + length
        } should be in ` +
          `${path}, which has ${bytes?.length ?? 0}; the file may be cut off or of another model`,
      );
    }
    return {
      ...tensor,
      rawData: bytes.subarray(offset, offset + length),
      externalData: [],
      dataLocation: undefined,
    };
  });
}

/**
 * Takes the initializers of a model and of the bodies in it out into a second file.
 *
 * @param path Name of that file, beside the model.
 * @returns The model that refers to it, and the parts of the file in order. Parts are views.
 */
export function moveOut(
  proto: ModelProto,
  path: string,
): { proto: ModelProto; chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const append = (bytes: Uint8Array) => {
    chunks.push(bytes);
    length += bytes.length;
  };
  // Only initializers go: runtimes do not look for the attributes of nodes in other files.
  const movable = new Set<TensorProto>();
  const collect = (graph: GraphProto) => {
    for (const tensor of graph.initializer) {
      if (tensor.dataType !== DataType.STRING && byteLengthOf(tensor) >= SMALLEST_MOVED) {
        movable.add(tensor);
      }
    }
    for (const { attribute } of graph.node) {
      for (const { g, graphs } of attribute) {
        if (g) collect(g);
        graphs.forEach(collect);
      }
    }
  };
  if (proto.graph) collect(proto.graph);

  const moved = mapTensors(proto, (tensor) => {
    if (!movable.has(tensor)) return tensor;
    const bytes = rawBytes(tensor);
    const alignment = bytes.length >= PAGED ? PAGE : CACHE_LINE;
    const padding = (alignment - length % alignment) % alignment;
    if (padding > 0) append(new Uint8Array(padding));
    const entries = { location: path, offset: String(length), length: String(bytes.length) };
    append(bytes);
    return {
      ...tensor,
      rawData: undefined,
      floatData: [],
      int32Data: [],
      int64Data: [],
      doubleData: [],
      uint64Data: [],
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries(entries)
        .map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    };
  });
  return { proto: moved, chunks };
}

/** Bytes. Below, a tensor costs more to find than to hold; onnx's own tools draw the line here too. */
const SMALLEST_MOVED = 1024;

/** Bytes. Large tensors start at a page, so that readers can map them into memory. */
const PAGED = 2 ** 20;
const PAGE = 4096;
const CACHE_LINE = 64;

function locate(tensor: TensorProto): Location {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const fail = (found: string): never => {
    throw new UserError(`Cannot find the data of tensor "${tensor.name}": ${found}`);
  };
  const number = (key: string, fallback: number): number => {
    const text = entries.get(key);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    return fail(`its ${key} is "${text}", expected a number of bytes`);
  };
  const path = entries.get("location");
  if (!path) return fail("it names no file");
  if (!staysInside(path)) {
    return fail(
      `it points to "${path}", outside of the model's folder, which is not followed for safety; ` +
        `put the file beside the model`,
    );
  }
  if (bitsOf(tensor.dataType) === undefined) return fail("elements of its type are not stored so");
  const expected = byteLengthOf(tensor);
  const length = number("length", expected);
  if (length !== expected) {
    return fail(`its length is ${length} bytes, but its shape and type take ${expected}`);
  }
  return { path, offset: number("offset", 0), length };
}

/** False for absolute paths of any system, for URLs, and for any step up. */
function staysInside(path: string): boolean {
  return !/^([/\\]|[A-Za-z]+:)/.test(path) && !path.includes("\0") &&
    !path.split(/[/\\]/).includes("..");
}
