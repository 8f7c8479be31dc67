import { UserError } from "../errors.ts";

/** A node as the runtime names it in a message; "" where it does not say. */
export interface FailedNode {
  readonly opType: string;
  readonly name: string;
}

/** What {@linkcode RuntimeError} knows besides its message. */
export interface RuntimeErrorOptions extends ErrorOptions {
  /** The node that failed, if the runtime named one. */
  node?: FailedNode;
  /** The runtime's memory is in an unknown state: it must not be used again. @default {false} */
  fatal?: boolean;
}

/** onnxruntime-web refused a model, or failed while running it. */
export class RuntimeError extends UserError {
  override readonly name = "RuntimeError";
  /** Name of the model. */
  readonly model: string;
  /** The node that failed, if the runtime named one. */
  readonly node?: FailedNode;
  /** The runtime's memory is in an unknown state: it must not be used again. */
  readonly fatal: boolean;

  constructor(message: string, model: string, options: RuntimeErrorOptions = {}) {
    const { node, fatal = false, cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.model = model;
    if (node) this.node = node;
    this.fatal = fatal;
  }
}

/** What was going on when the runtime threw. */
export type Doing = "open" | "run" | "profile";

/**
 * Says in plain words what onnxruntime-web threw: it reports a failure of a kernel as a text with the
 * node inside, a C++ exception that nobody caught as a bare number (its address in the heap), and the
 * end of the WASM instance as a `WebAssembly.RuntimeError`.
 *
 * @param thrown Whatever was thrown.
 * @param model Name of the model.
 * @example
 * ```ts
 * import { explain } from "./runtime_errors.ts";
 * import assert from "node:assert/strict";
 * assert.match(explain(8241904, "net.onnx", "run").message, /memory/);
 * ```
 */
export function explain(thrown: unknown, model: string, doing: Doing): RuntimeError {
  if (thrown instanceof RuntimeError) return thrown;
  const task = `Cannot ${doing} ${model} in onnxruntime-web`;
  if (typeof thrown === "number") {
    return new RuntimeError(
      `${task}: it stopped without a reason, most often because memory ran out (a WASM heap ends ` +
        `at 4 GB); try smaller inputs, fewer models at a time, or a smaller model`,
      model,
      { fatal: true },
    );
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (isEndOfInstance(thrown, text)) {
    return new RuntimeError(
      `${task}: the WASM instance broke down (${firstLine(text)}); it may have run out of memory ` +
        `(4 GB at most), or met a defect of the runtime: try smaller inputs, or another operator`,
      model,
      { fatal: true, cause: thrown },
    );
  }
  const { code, message } = parse(text);
  const node = findNode(message);
  const advice = adviceFor(code, message);
  return new RuntimeError(
    `${task}: ${describe(message, node)}${advice === "" ? "" : `; ${advice}`}`,
    model,
    { ...(node ? { node } : {}), fatal: isOutOfMemory(message), cause: thrown },
  );
}

/** Numbers of onnxruntime's `OrtErrorCode` that call for different advice. */
const CODE = { invalidProtobuf: 7, notImplemented: 9 } as const;

function isEndOfInstance(thrown: unknown, text: string): boolean {
  return thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError ||
    text.startsWith("Aborted(");
}

function isOutOfMemory(message: string): boolean {
  return /bad_alloc|[Ff]ailed to allocate (memory|a buffer)/.test(message);
}

/** Splits "Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: ..." and drops the C++ around it. */
function parse(text: string): { code: number; message: string } {
  const found = text.match(/ERROR_CODE: (\d+), ERROR_MESSAGE: ([\s\S]*)$/);
  const files: string[] = [];
  const message = (found?.[2] ?? text)
    // "/build/path/onnxruntime/core/x.cc:83 virtual void ns::f(int, const T &) what happened"
    .replace(/\/\S*\/onnxruntime\/core\/\S*?([^/\s]+):\d+ [^\n]*?\) (?:const )?/g, (_, file) => {
      files.push(file);
      return "";
    })
    .replace(/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  // A kernel that throws is not named, but its source file often tells which it was.
  const where = files.length > 0 ? ` (in ${files[0]})` : "";
  return { code: Number(found?.[1] ?? 0), message: inWords(message) + where };
}

/** What the standard library of C++ throws has no sentence, only the name of what went wrong. */
const OF_CPP =
  /^(narrowing_error|vector(::\S+)?|map::at|basic_string\S*|std::(length|range)_error)$/;

/** Numbers behind each other that a message shows; it may hold a list of any length. */
const SHOWN = 12;

const LONG_LIST = new RegExp(`((?:-?\\d+, ?){${SHOWN}})(?:-?\\d+, ?)*-?\\d+`, "g");

function inWords(message: string): string {
  if (OF_CPP.test(message)) {
    return `it met a number, such as a length or a count, that is beyond what it can hold (${message})`;
  }
  return message.replace(LONG_LIST, "$1…");
}

/** The ways in which messages name a node. */
function findNode(message: string): FailedNode | undefined {
  const running = message.match(/while running (\S+) node\. Name:'([^']*)'/);
  if (running) return { opType: running[1]!, name: running[2]! };
  const missing = message.match(/implementation for (\S+?)\(\d+\) node with name '([^']*)'/);
  if (missing) return { opType: missing[1]!, name: missing[2]! };
  const checked = message.match(/Node ?\(([^)]*)\) Op ?\(([^)]*)\)/);
  if (checked) return { opType: checked[2]!, name: checked[1]! };
  const typed = message.match(/(?:Optype|operator) \((\w+)\).*? in node \(([^)]*)\)/);
  if (typed) return { opType: typed[1]!, name: typed[2]! };
  const unknown = message.match(/No Op registered for (\S+)/) ??
    message.match(/:(\w+)\(-?\d+\) is not a registered function\/op/);
  return unknown ? { opType: unknown[1]!, name: "" } : undefined;
}

/** Puts the node first, and what happened to it after. */
function describe(message: string, node: FailedNode | undefined): string {
  if (node === undefined) return message;
  const label = node.name === "" ? `a ${node.opType} node` : `${node.opType} node "${node.name}"`;
  const status = message.match(/Status Message: (.*)$/);
  if (status) return `${label} failed: ${status[1]}`;
  if (/Could not find an implementation/.test(message)) return `it has no kernel for ${label}`;
  return `${label}: ${message}`;
}

function adviceFor(code: number, message: string): string {
  if (code === CODE.invalidProtobuf || /No graph was found/.test(message)) {
    return "the bytes are not an ONNX model, or cut off";
  }
  if (code === CODE.notImplemented || /Could not find an implementation/.test(message)) {
    return "the WASM build lacks some operators and types: change the type (a Cast to float32 often " +
      "does), or the opset";
  }
  if (/under development and support for this is limited/.test(message)) {
    return "export the model with an older opset";
  }
  if (/Can't merge shape info|between number of inferred and declared dimensions/.test(message)) {
    return "the file declares a shape that contradicts its weights: remove the shapes of values " +
      "(value_info) and of outputs from it";
  }
  if (/No Op registered|is not a registered function/.test(message)) {
    return "the model's opset does not have this operator, or it is a custom one";
  }
  if (/Integer overflow|shape is too large/.test(message)) {
    return "a tensor is larger than the 4 GB of a WASM heap: try smaller inputs";
  }
  if (isOutOfMemory(message)) {
    return "memory ran out (a WASM heap ends at 4 GB): try smaller inputs or fewer models at a time";
  }
  if (/while running/.test(message)) {
    return "check the shapes and values of the inputs against what the model expects";
  }
  return "";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
