import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { lookUp } from "../look_up.ts";
import { Float16Elements } from "../tensor/float16_array.ts";
import { elementCount, type ElementType, type Tensor } from "../tensor/tensor.ts";
import type { PackedType } from "../tensor/packing.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type TensorShapeProto,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  type TypeProto,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";
import { dataTypeNamed, makeTensorProto } from "./tensor_proto.ts";

/** Options for {@linkcode parseGraph}. */
export interface ParseOptions {
  /** Tensors that the text knows by hash alone, by that hash. @default {none} */
  tensors?: ReadonlyMap<string, TensorProto>;
}

/**
 * Reads a graph from the text that {@linkcode printGraph} writes, or a person. See `text.ts` for the
 * form.
 *
 * @throws {UserError} If the text is not of this form (with the line), or a tensor is known by a hash
 * that is not in `tensors`.
 */
export function parseGraph(text: string, options: ParseOptions = {}): GraphProto {
  const { tensors = new Map() } = options;
  return new Parser(text, tensors).file();
}

interface Token {
  readonly kind: "word" | "text" | "mark" | "end";
  /** What is meant: the inside of a quoted text. */
  readonly value: string;
  readonly position: number;
}

const patterns = [
  ["space", /[\s;]+/y],
  ["hex", /hex"[0-9a-f]*"/y],
  ["text", /"(?:[^"\\]|\\.)*"/y],
  ["word", /[\w./:+-]+/y],
  ["mark", /[()[\]{}<>=,@#$?]/y],
] as const;

class Parser {
  readonly #text: string;
  readonly #tensors: ReadonlyMap<string, TensorProto>;
  #position = 0;
  #token: Token;

  constructor(text: string, tensors: ReadonlyMap<string, TensorProto>) {
    this.#text = text;
    this.#tensors = tensors;
    this.#token = this.#scan();
  }

  file(): GraphProto {
    let name = "";
    if (this.#token.value === "graph" && !/^\s*[=,(]/.test(this.#rest())) {
      this.#next();
      name = this.#name();
    }
    const graph = this.#statements(name);
    if (this.#token.kind !== "end") this.#fail("a value or a node");
    return graph;
  }

  #statements(name: string): GraphProto {
    const graph = create(GraphProtoSchema, { name });
    while (this.#token.kind === "word" || this.#token.kind === "text") {
      const { kind, value: word } = this.#token;
      // A value may be called "input" too: then it is made by a node.
      const isNode = kind === "text" || /^\s*[=,(]/.test(this.#rest());
      if (!isNode && (word === "input" || word === "output" || word === "value")) {
        this.#next();
        const info = create(ValueInfoProtoSchema, { name: this.#name(), type: this.#type() });
        graph[word === "value" ? "valueInfo" : word].push(info);
      } else if (!isNode && word === "tensor") {
        this.#next();
        if (this.#token.value === "sparse" && /^\s*\[/.test(this.#rest())) {
          graph.sparseInitializer.push(this.#sparse());
        } else graph.initializer.push(this.#tensor());
      } else graph.node.push(this.#node());
    }
    return graph;
  }

  #node(): NodeProto {
    const output = [this.#name()];
    // A node without outputs begins with its operator.
    if (this.#is("(")) return this.#operation(output[0]!, []);
    while (this.#take(",")) output.push(this.#name());
    this.#expect("=");
    return this.#operation(this.#name(), output);
  }

  #operation(operator: string, output: string[]): NodeProto {
    const [, domain = "", opType = "", overload] =
      /^(?:(.*)::)?([^:]*)(?::(.*))?$/.exec(operator) ?? this.#fail("an operator");
    this.#expect("(");
    const input = this.#list(")", () => this.#name());
    const attribute = this.#take("{") ? this.#list("}", () => this.#attribute()) : [];
    const name = this.#take("@") ? this.#name() : "";
    return create(NodeProtoSchema, { domain, opType, overload, input, output, attribute, name });
  }

  #attribute(): AttributeProto {
    const name = this.#name();
    this.#expect("=");
    if (this.#take("$")) {
      const type = Type[this.#word().toUpperCase() as keyof typeof Type];
      return create(AttributeProtoSchema, { name, type, refAttrName: this.#name() });
    }
    return create(AttributeProtoSchema, { name, ...this.#value() });
  }

  #value(): AttributeFields {
    const empty = lookUp(emptyLists, this.#token.value);
    if (this.#is("[") || (this.#token.kind === "word" && empty && /^\[/.test(this.#rest()))) {
      if (!this.#is("[")) this.#next();
      this.#expect("[");
      const items = this.#list("]", () => this.#value());
      if (items.length === 0) return empty ?? { type: Type.INTS, ints: [] };
      return this.#joined(items);
    }
    if (this.#is("<")) {
      this.#next();
      const sparse = this.#token.value === "sparse" && /^\s*\[/.test(this.#rest());
      const value: AttributeFields = sparse
        ? { type: Type.SPARSE_TENSOR, sparseTensor: this.#sparse() }
        : { type: Type.TENSOR, t: this.#tensor() };
      this.#expect(">");
      return value;
    }
    const { kind, value: word } = this.#token;
    if (kind === "text" || this.#isHex()) return { type: Type.STRING, s: this.#bytes() };
    if (kind !== "word") return this.#fail("the value of an attribute");
    if (word === "graph") {
      this.#next();
      const name = this.#is("{") ? "" : this.#name();
      this.#expect("{");
      const g = this.#statements(name);
      this.#expect("}");
      return { type: Type.GRAPH, g };
    }
    if (word === "none") {
      this.#next();
      return {};
    }
    if (word === "type") {
      this.#next();
      return { type: Type.TYPE_PROTO, tp: this.#type() };
    }
    if (/^[+-]?\d+$/.test(word)) return { type: Type.INT, i: BigInt(this.#word()) };
    return { type: Type.FLOAT, f: this.#float() };
  }

  /** The items of a list, each read as a value of its own, as the one list they are. */
  #joined(items: readonly AttributeFields[]): AttributeFields {
    const all = (type: Type) => items.every((item) => item.type === type);
    const defined = <T>(values: (T | undefined)[]): T[] =>
      values.filter((value): value is T & NonNullable<unknown> => value !== undefined);
    if (all(Type.INT)) return { type: Type.INTS, ints: defined(items.map(({ i }) => i)) };
    if (all(Type.FLOAT)) return { type: Type.FLOATS, floats: defined(items.map(({ f }) => f)) };
    if (all(Type.STRING)) return { type: Type.STRINGS, strings: defined(items.map(({ s }) => s)) };
    if (all(Type.TENSOR)) return { type: Type.TENSORS, tensors: defined(items.map(({ t }) => t)) };
    if (all(Type.GRAPH)) return { type: Type.GRAPHS, graphs: defined(items.map(({ g }) => g)) };
    if (all(Type.TYPE_PROTO)) {
      return { type: Type.TYPE_PROTOS, typeProtos: defined(items.map(({ tp }) => tp)) };
    }
    if (all(Type.SPARSE_TENSOR)) {
      const sparseTensors = defined(items.map(({ sparseTensor }) => sparseTensor));
      return { type: Type.SPARSE_TENSORS, sparseTensors };
    }
    return this.#fail("items of one type (write 1.0, not 1, among floats)");
  }

  /** `name float32[2] = [1.0, 2.0]`, where the name may be missing. */
  #tensor(): TensorProto {
    const named = this.#token.kind === "text" || !/^\s*\[/.test(this.#rest());
    const name = named ? this.#name() : "";
    const typeName = this.#word();
    const dataType = dataTypeNamed(typeName) ?? this.#fail("the type of a tensor");
    this.#expect("[");
    const dims = this.#list("]", () => Number(this.#word()));
    this.#expect("=");
    if (this.#take("#")) {
      const hash = this.#word();
      const found = this.#tensors.get(hash);
      if (found === undefined) {
        throw new UserError(
          `Cannot read tensor "${name}" from the text: it holds only its hash, ${hash}; give the ` +
            `tensor itself in options.tensors`,
        );
      }
      return { ...found, name };
    }
    const proto = { name, dataType, dims: dims.map(BigInt) };
    if (this.#isHex()) return create(TensorProtoSchema, { ...proto, rawData: this.#bytes() });
    if (this.#token.value === "external") {
      this.#next();
      this.#expect("{");
      const externalData = this.#list("}", () => {
        const key = this.#name();
        this.#expect("=");
        return create(StringStringEntryProtoSchema, { key, value: this.#name() });
      });
      const dataLocation = DataLocation.EXTERNAL;
      return create(TensorProtoSchema, { ...proto, externalData, dataLocation });
    }
    this.#expect("[");
    return this.#elements(name, typeName, dims);
  }

  #elements(name: string, typeName: string, dims: number[]): TensorProto {
    const numbers = () => this.#list("]", () => this.#float());
    const bigints = () => this.#list("]", () => BigInt(this.#word()));
    const make = (type: ElementType, data: Tensor["data"], packed?: PackedType) => {
      if (data.length === elementCount(dims)) {
        return makeTensorProto(name, { type, dims, data }, { packed });
      }
      return this.#fail(`${elementCount(dims)} elements for "${name}", not ${data.length},`);
    };
    switch (typeName) {
      case "float32":
        return make(typeName, Float32Array.from(numbers()));
      case "float64":
        return make(typeName, Float64Array.from(numbers()));
      case "float16":
        return make(typeName, Float16Elements.from(numbers()));
      case "int8":
        return make(typeName, Int8Array.from(numbers()));
      case "uint8":
        return make(typeName, Uint8Array.from(numbers()));
      case "int16":
        return make(typeName, Int16Array.from(numbers()));
      case "uint16":
        return make(typeName, Uint16Array.from(numbers()));
      case "int32":
        return make(typeName, Int32Array.from(numbers()));
      case "uint32":
        return make(typeName, Uint32Array.from(numbers()));
      case "int64":
        return make(typeName, BigInt64Array.from(bigints()));
      case "uint64":
        return make(typeName, BigUint64Array.from(bigints()));
      case "bool":
        return make(
          typeName,
          Uint8Array.from(this.#list("]", () => this.#word() === "true" ? 1 : 0)),
        );
      case "string":
        return make(typeName, this.#list("]", () => this.#name()));
      case "int4":
      case "int2":
        return make("int8", Int8Array.from(numbers()), typeName);
      case "uint4":
      case "uint2":
        return make("uint8", Uint8Array.from(numbers()), typeName);
      default:
        return this.#fail(`elements as hex"…", as ${typeName} has no other form, `);
    }
  }

  #sparse(): SparseTensorProto {
    this.#word();
    this.#expect("[");
    const dims = this.#list("]", () => BigInt(this.#word()));
    const part = () => {
      this.#expect("<");
      const tensor = this.#token.value === "none" && /^\s*>/.test(this.#rest())
        ? void this.#next()
        : this.#tensor();
      this.#expect(">");
      return tensor;
    };
    return create(SparseTensorProtoSchema, { dims, values: part(), indices: part() });
  }

  #type(): TypeProto | undefined {
    const word = this.#word();
    const inside = <T>(read: () => T): T => {
      this.#expect("(");
      const value = read();
      this.#expect(")");
      return value;
    };
    const make = (value: MessageInitShape<typeof TypeProtoSchema>["value"]) =>
      create(TypeProtoSchema, { value });
    switch (word) {
      case "none":
        return undefined;
      case "sequence":
        return make({
          case: "sequenceType",
          value: { elemType: inside(() => this.#type()) },
        });
      case "optional":
        return make({
          case: "optionalType",
          value: { elemType: inside(() => this.#type()) },
        });
      case "sparse": {
        const elemType = this.#elementType(this.#word());
        return make({ case: "sparseTensorType", value: { elemType, shape: this.#shape() } });
      }
      case "map":
        return inside(() => {
          const keyType = this.#elementType(this.#word());
          this.#expect(",");
          return make({ case: "mapType", value: { keyType, valueType: this.#type() } });
        });
      case "opaque":
        return inside(() => {
          const domain = this.#name();
          this.#expect(",");
          return make({ case: "opaqueType", value: { domain, name: this.#name() } });
        });
      default: {
        const elemType = this.#elementType(word);
        return make({ case: "tensorType", value: { elemType, shape: this.#shape() } });
      }
    }
  }

  #elementType(word: string): number {
    return dataTypeNamed(word) ?? this.#fail("a type such as float32[1, 3]");
  }

  #shape(): TensorShapeProto | undefined {
    this.#expect("[");
    if (this.#token.value === "...") {
      this.#next();
      this.#expect("]");
      return undefined;
    }
    const dim = this.#list("]", () => {
      if (this.#take("?")) return create(TensorShapeProto_DimensionSchema);
      const number = this.#token.kind === "word" && /^-?\d+$/.test(this.#token.value);
      const name = this.#name();
      return create(TensorShapeProto_DimensionSchema, {
        value: number
          ? { case: "dimValue", value: BigInt(name) }
          : { case: "dimParam", value: name },
      });
    });
    return create(TensorShapeProtoSchema, { dim });
  }

  #float(): number {
    const word = this.#word();
    if (word === "nan") return NaN;
    if (word === "inf") return Infinity;
    if (word === "-inf") return -Infinity;
    const value = Number(word);
    return Number.isNaN(value) ? this.#fail(`a number, not ${word},`) : value;
  }

  #isHex(): boolean {
    return this.#token.kind === "text" && this.#text.startsWith('hex"', this.#token.position);
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const hex = this.#isHex();
    const { value } = this.#token;
    this.#next();
    return hex ? Uint8Array.fromHex(value) : new TextEncoder().encode(value);
  }

  /** Items between commas, up to the closing mark, which is taken too. */
  #list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#take(close)) {
      if (items.length > 0) this.#expect(",");
      items.push(item());
    }
    return items;
  }

  #name(): string {
    const { kind, value } = this.#token;
    if (kind !== "word" && kind !== "text") return this.#fail("a name");
    this.#next();
    return value;
  }

  #word(): string {
    const { kind, value } = this.#token;
    if (kind !== "word") return this.#fail("a word or a number");
    this.#next();
    return value;
  }

  #is(mark: string): boolean {
    return this.#token.kind === "mark" && this.#token.value === mark;
  }

  #take(mark: string): boolean {
    if (!this.#is(mark)) return false;
    this.#next();
    return true;
  }

  #expect(mark: string) {
    if (!this.#take(mark)) this.#fail(`"${mark}"`);
  }

  #next() {
    this.#token = this.#scan();
  }

  /** The text behind the current token. */
  #rest(): string {
    return this.#text.slice(this.#position, this.#position + 64);
  }

  #scan(): Token {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = this.#position;
      const match = pattern.exec(this.#text)?.[0];
      if (match === undefined) continue;
      const position = this.#position;
      this.#position += match.length;
      if (kind === "space") continue;
      if (kind === "hex") return { kind: "text", value: match.slice(4, -1), position };
      const value = kind === "text" ? String(JSON.parse(match)) : match;
      return { kind, value, position };
    }
    const position = this.#position;
    if (position < this.#text.length) {
      this.#token = { kind: "mark", value: this.#text[position]!, position };
      this.#fail("a name, a number or a mark");
    }
    return { kind: "end", value: "the end", position };
  }

  #fail(expected: string): never {
    const { kind, value, position } = this.#token;
    const before = this.#text.slice(0, position).split("\n");
    throw new UserError(
      `Cannot read the graph from its text: expected ${expected} at line ${before.length}, column ` +
        `${before.at(-1)!.length + 1}, found ${kind === "end" ? value : JSON.stringify(value)}`,
    );
  }
}

type AttributeFields = Partial<Omit<AttributeProto, "$typeName" | "$unknown">>;

/** Lists without items, which need a word to say of what. */
const emptyLists: Readonly<Record<string, AttributeFields>> = {
  floats: { type: Type.FLOATS },
  strings: { type: Type.STRINGS },
  tensors: { type: Type.TENSORS },
  graphs: { type: Type.GRAPHS },
  types: { type: Type.TYPE_PROTOS },
  sparses: { type: Type.SPARSE_TENSORS },
};
