import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { reasonOf, UserError } from "../errors.ts";
import { formatByEnding, otherFormat } from "../file_format.ts";
import { amend } from "./amend.ts";
import { moveOut } from "./external_data.ts";
import { isStandard } from "./node.ts";
import { type GraphProto, GraphProtoSchema, type ModelProto, ModelProtoSchema } from "./onnx_pb.ts";
import { allTensors } from "./tensors.ts";

/**
 * Most bytes of one file: readers hold the size of a protobuf message in an int32. Encoders do not
 * notice, and would write a file that nothing opens.
 */
export const MAX_INLINE_BYTES = 2 ** 31 - 1;

/** Newest version of the file format read here. */
const NEWEST_IR = 14;

/**
 * Options for {@linkcode Model.save}.
 * @category Graphs (advanced)
 */
export interface SaveOptions {
  /**
   * Puts the weights into a file of their own, beside the model: true names it after the model
   * (`net.onnx.data`), a text names it. @default {false}
   */
  externalData?: boolean | string;
}

/**
 * Options of the constructor of {@linkcode Model}.
 * @category Graphs (advanced)
 */
export interface ModelOptions {
  /** For messages and reports. @default {"model"} */
  name?: string;
  /** The bytes that `proto` was decoded from, if they are known to be the same. */
  bytes?: Uint8Array<ArrayBuffer>;
  /** The file that it was read from, where reading changed what that says. */
  source?: Uint8Array<ArrayBuffer>;
  /** What was changed in reading it. @default {nothing} */
  amendments?: readonly string[];
}

/**
 * A network as ONNX describes it. A value: nothing changes it, and rewriting makes another.
 * @category Model
 */
export class Model {
  /** Everything the file says. Read-only by agreement. */
  readonly proto: ModelProto;
  /** For messages and reports: the name of its file, if it was read from one. */
  readonly name: string;
  /** The file that it was read from, where reading changed what that says: see `amendments`. */
  readonly source?: Uint8Array<ArrayBuffer>;
  /** What was changed in reading it, so that runtimes and rewrites take it: one line each. */
  readonly amendments: readonly string[];
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #hash: Promise<string> | undefined;

  /**
   * Makes a model of what a file says; {@linkcode decodeModel} makes one of its bytes.
   *
   * @param proto Everything the file says; kept, not copied.
   * @param options Its name, and what is known of the file that it was read from.
   */
  constructor(proto: ModelProto, options: ModelOptions = {}) {
    const { name = "model", bytes, source, amendments = [] } = options;
    this.proto = proto;
    this.name = name;
    this.amendments = amendments;
    if (source) this.source = source;
    this.#bytes = bytes;
  }

  /** The graph: nodes in topological order, weights, inputs and outputs. */
  get graph(): GraphProto {
    return this.proto.graph ?? emptyGraph;
  }

  /** Version of the standard operators; 0 if the model uses none. */
  get opset(): number {
    const entry = this.proto.opsetImport.find(isStandard);
    return Number(entry?.version ?? 0n);
  }

  /**
   * The model as one file. The very bytes it was read from, if it was not changed.
   *
   * @throws {UserError} If there are more than 2^31-1.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= encode(this.proto, this.name);
  }

  /** SHA-256 of {@linkcode Model.bytes}, in hexadecimal digits. */
  hash(): Promise<string> {
    return this.#hash ??= sha256(this.bytes());
  }

  /** This model with another graph; this one if the graph is its own. */
  withGraph(graph: GraphProto): Model {
    return graph === this.proto.graph ? this : this.withProto({ ...this.proto, graph });
  }

  /** Another model of the same name; this one if `proto` is its own. */
  withProto(proto: ModelProto): Model {
    return proto === this.proto
      ? this
      : new Model(proto, { name: this.name, amendments: this.amendments });
  }

  /**
   * Writes the model to a file, replacing what is there. A write that fails or is cut off leaves the
   * old file as it was.
   *
   * @throws {UserError} If the folder cannot be written, or there are more than 2^31-1 bytes for one
   * file: use `externalData` then.
   */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    const { externalData = false } = options;
    const { writeWhole } = await import("../whole_file.ts"); // a page has none
    const [folder, file] = splitPath(path);
    if (externalData === false) return await writeWhole(path, this.bytes());

    const dataFile = externalData === true ? `${file}.data` : externalData;
    if (dataFile === file || splitPath(dataFile)[0] !== "" || [".", "..", ""].includes(dataFile)) {
      throw new UserError(
        `Cannot write the weights of ${path} to "${dataFile}": expected the name of another file in ` +
          `the model's own folder, such as "${file}.data"`,
      );
    }
    const { proto, chunks } = moveOut(this.proto, dataFile);
    const bytes = encode(proto, this.name);
    // The data first: a model must never point at weights that are not there yet.
    if (chunks.length > 0) await writeWhole(folder + dataFile, chunks);
    await writeWhole(path, bytes);
  }
}

const emptyGraph = create(GraphProtoSchema);

/**
 * Reads a model from bytes, which it keeps: tensors are views of them. Data in other files is not
 * loaded; {@linkcode readModel} does that. What runtimes and rewrites would stumble on is put right, and
 * told in the model's `amendments`: functions of its own stand in the place of their calls, opset 27 and 28 are
 * read as 26 where that means the same.
 *
 * @param name What messages call it. @default {"model"}
 * @throws {UserError} If the bytes are not an ONNX model, are cut off, or are of a version not known.
 * @example
 * ```ts
 * import { decodeModel } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const model = parseModel("input x float32[N]; output y float32[N]; y = Relu(x)");
 * const again = decodeModel(model.bytes(), "relu.onnx");
 * assert.equal(await again.hash(), await model.hash());
 * ```
 * @category Model
 */
export function decodeModel(bytes: Uint8Array<ArrayBuffer>, name = "model"): Model {
  return amendedModel(decodeProto(bytes, name), { name, bytes });
}

/** A model of what a file holds, put right. */
export function amendedModel(
  proto: ModelProto,
  { name, bytes }: { name: string; bytes?: Uint8Array<ArrayBuffer> },
): Model {
  const amended = amend(proto, name);
  return new Model(amended.proto, {
    name,
    amendments: amended.amendments,
    ...(amended.proto === proto ? { bytes } : { source: bytes }),
  });
}

/** What a file says, as it stands there. */
export function decodeProto(bytes: Uint8Array<ArrayBuffer>, name: string): ModelProto {
  const fail = (found: string): never => {
    throw new UserError(`Cannot read ${name} as an ONNX model: ${found}`);
  };
  if (bytes.length === 0) return fail("it is empty");
  const known = otherFormat(bytes, "model", name);
  if (known !== undefined) return fail(known);

  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    if (/recursion depth/.test(reasonOf(error))) {
      return fail("bodies of its nodes lie deeper in each other than onnxruntime reads (some 30)");
    }
    const other = formatByEnding(name, "model");
    const reason = other ?? reasonOf(error).replace(/^premature EOF$/, "");
    return fail(
      `its ${bytes.length} bytes are cut off or of another format${reason && ` (${reason})`}`,
    );
  }
  if (proto.irVersion > NEWEST_IR) {
    return fail(
      `its format version (IR) is ${proto.irVersion}, the newest known here is ${NEWEST_IR}; ` +
        `export it with an older ir_version`,
    );
  }
  if (proto.graph === undefined) {
    return fail("it holds no graph: it is of another format, or cut off");
  }
  if (proto.opsetImport.length === 0) {
    return fail("it names no operator set: it is cut off, or older than IR version 3");
  }
  return proto;
}

function encode(proto: ModelProto, name: string): Uint8Array<ArrayBuffer> {
  const refuse = (bytes: number): never => {
    throw new UserError(
      `Cannot write ${name} as one file: it takes ${bytes} bytes, and ONNX files end at 2^31-1; ` +
        `save it with { externalData: true }`,
    );
  };
  // Counted first, since encoding would take twice that much memory only to be thrown away.
  let weights = 0;
  for (const { rawData } of allTensors(proto)) weights += rawData?.length ?? 0;
  if (weights > MAX_INLINE_BYTES) return refuse(weights);
  const bytes = toBinary(ModelProtoSchema, proto);
  return bytes.length > MAX_INLINE_BYTES ? refuse(bytes.length) : bytes;
}

/** Folder with its separator ("" for none), and name. */
function splitPath(path: string): [folder: string, name: string] {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return [path.slice(0, cut), path.slice(cut)];
}

/** SHA-256 of bytes, in hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
