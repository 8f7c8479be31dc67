import type { Binary } from "../../record/binary.ts";

/**
 * What onnxruntime-web keeps to itself, made readable. Its WASM build has no file system, so that it
 * cannot write the optimized graph, and prints a profile to the console; and a run that has begun can
 * only be stopped through a flag in its heap. The hook stands between the glue code and the WASM
 * instance and catches all three.
 */
export interface RuntimeHook {
  /** Whether the runtime has started, and whether it is a build whose inside is known. */
  readonly state: "waiting" | "ready" | "unknown";
  /** Returns the bytes that are written to files while `task` runs, one after another. */
  catchFile(task: () => Promise<unknown>): Promise<Uint8Array<ArrayBuffer>>;
  /** Returns the text that is printed while `task` runs. */
  catchText(task: () => Promise<unknown>): Promise<string>;
  /** The binary that was started; undefined before that, and where the glue code is unlike all that are known. */
  readonly binary: Binary | undefined;
  /** Bytes of the WASM heap, which never shrinks; undefined before the runtime has started. */
  readonly heapBytes: number | undefined;
}

/** Options for {@linkcode installHook}. */
export interface HookOptions {
  /**
   * Called before each run with the heap and the address of the byte that stops the run if another
   * thread sets it to 1.
   */
  onRun?: (heap: SharedArrayBuffer, stopAddress: number) => void;
  /** Has V8 compile the runtime as if this process had never seen it, see {@linkcode withSalt}. @default {false} */
  anew?: boolean;
}

// deno-lint-ignore ban-types -- functions of the glue code, of any signature
type Functions = Record<string, Function>;

/**
 * Installs the hook, once and before the first session of this thread. Nothing of the package is
 * changed: `WebAssembly.instantiate` is wrapped until the runtime has started, then put back.
 *
 * The names of the WASM imports and exports are minified, so the functions are known by their source
 * text. A build that looks different is left as it is, and {@linkcode RuntimeHook.state} says so.
 */
export function installHook(options: HookOptions = {}): RuntimeHook {
  const { onRun, anew = false } = options;
  const original = WebAssembly.instantiate;
  const caught = new Catcher();
  let state: RuntimeHook["state"] = "waiting";
  let heap: WebAssembly.Memory | undefined;
  let binary: Binary | undefined;

  const start = async (
    given: BufferSource | WebAssembly.Module,
    imports: WebAssembly.Imports = {},
  ): Promise<unknown> => {
    const caller = callerOf(new Error().stack); // before anything is awaited
    const found = threadedImports(imports);
    if (found === undefined) {
      return await original.call(WebAssembly, given as BufferSource, imports);
    }
    const { functions, memory } = found;
    heap = memory;
    const code = anew && !(given instanceof WebAssembly.Module) ? withSalt(given) : given;
    WebAssembly.instantiate = original;

    const source = await sourceOf(caller);
    binary = binaryOf(source);
    const names = runOptionsNames(source);
    const known = names && divertOutput(functions, memory, caught);
    const result = await original.call(WebAssembly, code as BufferSource, imports);
    const { instance, module } = result as unknown as WebAssembly.WebAssemblyInstantiatedSource;
    const exports = instance.exports as Functions;
    if (!known || !exports[names.create] || !exports[names.release]) {
      state = "unknown";
      return result;
    }
    state = "ready";
    if (!onRun) return result;
    const create = announceRuns(exports, names, memory, onRun);
    return { module, instance: { exports: { ...exports, [names.create]: create } } };
  };
  WebAssembly.instantiate = start as typeof WebAssembly.instantiate;

  return {
    get state() {
      return state;
    },
    get binary() {
      return binary;
    },
    get heapBytes() {
      return heap?.buffer.byteLength;
    },
    catchFile: (task) => caught.gatherWhile("file", task),
    catchText: async (task) => new TextDecoder().decode(await caught.gatherWhile("text", task)),
  };
}

/** Which binary a glue code loads: by what the others have no use for. Undefined if it is no glue code. */
function binaryOf(source: string): Binary | undefined {
  if (!source.includes("_OrtCreateRunOptions")) return undefined;
  if (source.includes("WebAssembly.Suspending")) return "jspi";
  if (source.includes("webgpuInit")) return "asyncify";
  return source.includes("jsepInit") ? "jsep" : "plain";
}

/** Length of the name of the section that {@linkcode withSalt} adds, and of what is in it. */
const SALT = { name: new TextEncoder().encode("salt"), bytes: 16 };

/**
 * The same WASM with a custom section of random content, which V8 takes for another module. Modules of
 * equal bytes share their compiled code within a process, whatever the thread: the kernels of a second
 * instance are there already, and even compiled well. A page that opens for the first time has none of
 * that.
 */
function withSalt(code: BufferSource): Uint8Array<ArrayBuffer> {
  const given = ArrayBuffer.isView(code)
    ? new Uint8Array(code.buffer, code.byteOffset, code.byteLength)
    : new Uint8Array(code);
  const { name, bytes } = SALT;
  // Section 0, its length, that of its name, the name: all shorter than 128, so one byte each.
  const head = [0, 1 + name.length + bytes, name.length, ...name];
  const salted = new Uint8Array(given.length + head.length + bytes);
  salted.set(given);
  salted.set(head, given.length);
  crypto.getRandomValues(salted.subarray(given.length + head.length));
  return salted;
}

/** Keeps what the runtime writes, while someone wants it. */
class Catcher {
  /** What is kept now. */
  wanted: "nothing" | "file" | "text" = "nothing";
  readonly chunks: Uint8Array[] = [];

  /** What of this kind was written while `task` ran. */
  async gatherWhile(
    what: "file" | "text",
    task: () => Promise<unknown>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    this.wanted = what;
    try {
      await task();
      return join(this.chunks);
    } finally {
      this.chunks.length = 0;
      this.wanted = "nothing";
    }
  }
}

/**
 * Replaces the functions that the WASM writes with, among those that it imports.
 *
 * @returns Whether they were found; all stays as it is if not.
 */
function divertOutput(
  functions: Functions,
  memory: WebAssembly.Memory,
  caught: Catcher,
): boolean {
  const write = theOne(functions, isWrite);
  const close = theOne(functions, isClose);
  if (!write || !close) return false;
  const [print, end] = [functions[write]!, functions[close]!];
  functions[write] = (file: number, vectors: number, count: number, written: number) => {
    const isText = file === STDOUT || file === STDERR;
    if (caught.wanted !== (isText ? "text" : "file")) return print(file, vectors, count, written);
    return gather(memory, vectors, count, written, caught.chunks);
  };
  functions[close] = (file: number) => caught.wanted === "file" ? 0 : end(file);
  return true;
}

const STDOUT = 1;
const STDERR = 2;

/**
 * What the threaded WASM build imports: its memory, which is shared, and the functions beside it. Other WASM
 * modules are not ours.
 */
function threadedImports(
  imports: WebAssembly.Imports,
): { readonly functions: Functions; readonly memory: WebAssembly.Memory } | undefined {
  for (const values of Object.values(imports)) {
    const memory = Object.values(values)
      .filter((value) => value instanceof WebAssembly.Memory)
      .find(({ buffer }) => (buffer as ArrayBufferLike) instanceof SharedArrayBuffer);
    if (memory) return { functions: values as Functions, memory };
  }
}

/** emscripten's `fd_write` without a file system: prints a line when it meets 0 or a line feed. */
function isWrite(text: string): boolean {
  return /0===\w+\|\|10===\w+/.test(text);
}

/** emscripten's `fd_close` without a file system: fails with 52, ENOSYS; the one of one argument. */
function isClose(text: string): boolean {
  return /^function \w*\(\w+\)\{return.*:52\}$/.test(text);
}

/** Name of the only function whose source text fits. */
function theOne(functions: Functions, fits: (text: string) => boolean): string | undefined {
  const names = Object.keys(functions)
    .filter((name) => typeof functions[name] === "function" && fits(functions[name].toString()));
  return names.length === 1 ? names[0] : undefined;
}

/** Does what `fd_write` should: takes `count` pieces of memory, each given by address and length. */
function gather(
  memory: WebAssembly.Memory,
  vectors: number,
  count: number,
  written: number,
  chunks: Uint8Array[],
): number {
  // Read anew at each call: the heap grows, and older views do not see what was added.
  const words = new Uint32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const address = words[(vectors >>> 2) + 2 * i]!;
    const length = words[(vectors >>> 2) + 2 * i + 1]!;
    chunks.push(bytes.slice(address, address + length));
    total += length;
  }
  words[written >>> 2] = total;
  return 0;
}

/** Exports of the WASM instance that make and free the options of a run. */
interface RunOptionsNames {
  readonly create: string;
  readonly release: string;
}

/** The glue code gives the exports their real names: `h._OrtCreateRunOptions=c.jb`. */
function runOptionsNames(source: string): RunOptionsNames | undefined {
  const find = (name: string) => source.match(new RegExp(`\\._${name}=\\s*\\w+\\.(\\w+)`))?.[1];
  const create = find("OrtCreateRunOptions");
  const release = find("OrtReleaseRunOptions");
  return create && release ? { create, release } : undefined;
}

/** Address of the module whose code called the hook: it is the glue code, whatever version it is of. */
function callerOf(stack = ""): string | undefined {
  const modules = stack.matchAll(/\b((?:file|https?|blob|data):\S+?):\d+:\d+/g);
  return Array.from(modules, ([, module]) => module).find((module) => module !== import.meta.url);
}

/**
 * Text of the code that loads the WASM; "" if it cannot be seen. A module of its own exports a function that is
 * all of it, for which no file need be read; in a bundle it is somewhere in the file.
 */
async function sourceOf(module: string | undefined): Promise<string> {
  try {
    if (module === undefined) return "";
    const { default: start } = await import(module);
    if (typeof start === "function") return String(start);
    return await (await fetch(module)).text();
  } catch {
    return "";
  }
}

/**
 * Every run makes its own `OrtRunOptions`, which hold the flag `terminate`: the executor looks at it
 * before each node, also inside of loops. Where in the structure the flag lies is found by making two
 * that differ in nothing else.
 */
function announceRuns(
  exports: Functions,
  names: RunOptionsNames,
  memory: WebAssembly.Memory,
  onRun: (heap: SharedArrayBuffer, stopAddress: number) => void,
): (severity: number, verbosity: number, terminate: number, tag: number) => number {
  const make = exports[names.create]!;
  const free = exports[names.release]!;
  let offset: number | undefined;
  return (severity, verbosity, terminate, tag) => {
    offset ??= findFlag((set) => make(FATAL, 0, set, 0) >>> 0, free, memory);
    const address: number = make(severity, verbosity, terminate, tag) >>> 0;
    if (address !== 0 && offset >= 0) {
      onRun(memory.buffer as ArrayBufferLike as SharedArrayBuffer, address + offset);
    }
    return address;
  };
}

/** onnxruntime's severity of messages that are never printed here. */
const FATAL = 4;

/** Length of the part of `OrtRunOptions` that is searched; the flag is at 20 in version 1.30. */
const SEARCHED = 64;

/** Offset of the byte that is 0 without and 1 with the flag, in every try; -1 if it is not one. */
function findFlag(
  make: (set: 0 | 1) => number,
  // deno-lint-ignore ban-types -- an export of WASM
  free: Function,
  memory: WebAssembly.Memory,
): number {
  let candidates = Array.from({ length: SEARCHED }, (_, i) => i);
  // Twice: padding between the fields holds whatever was there before.
  for (let attempt = 0; attempt < 2; attempt++) {
    const [without, having] = [make(0), make(1)];
    const bytes = new Uint8Array(memory.buffer);
    candidates = candidates
      .filter((i) => bytes[without + i] === 0 && bytes[having + i] === 1);
    free(without);
    free(having);
  }
  return candidates.length === 1 ? candidates[0]! : -1;
}

function join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
