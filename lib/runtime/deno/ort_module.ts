import type * as Ort from "onnxruntime-web";
import type { Binary } from "../../record/binary.ts";
import { reasonOf, UserError } from "../../errors.ts";
import { VERIFIED_RUNTIME } from "../../record/verified_runtime.ts";
import { chooseBinary } from "./choose_binary.ts";

let loaded: Promise<typeof Ort> | undefined;

/**
 * The onnxruntime-web of this thread, loaded when it is first asked for: that takes time, and changes
 * globals.
 *
 * @param wanted Another one, where it has to be another one, and its binary: see {@linkcode RuntimeOptions}.
 * Whoever asks first decides.
 * @throws {UserError} If another one does not load, or is something else, or lacks the binary.
 */
export function ortModule({ module, binary }: WantedOrt = {}): Promise<typeof Ort> {
  return loaded ??= (async () => {
    const ort = module === undefined ? await import("onnxruntime-web") : await load(module);
    // In Deno the package itself loads the plain one.
    if (binary === undefined || (binary === "plain" && module === undefined)) return ort;
    await chooseBinary(ort.env.wasm, binary, {
      module: import.meta.resolve(module ?? "onnxruntime-web"),
      task: cannotUse({ module, binary }),
    });
    return ort;
  })();
}

/** The onnxruntime-web that a thread is to load. */
export interface WantedOrt {
  /** What is imported. @default {Octavo's own} */
  readonly module?: string;
  /** @default {the module's own choice} */
  readonly binary?: Binary;
}

/** What messages say of an onnxruntime-web that cannot be used, in front of why. */
export function cannotUse({ module, binary }: WantedOrt): string {
  const part = binary === undefined ? "" : `the ${binary} binary of `;
  const release = module?.match(RELEASE)?.[1];
  if (module === undefined || release !== undefined) {
    return `Cannot use ${part}onnxruntime-web ${release ?? VERIFIED_RUNTIME}`;
  }
  return `Cannot use ${part}${module} as onnxruntime-web`;
}

async function load(module: string): Promise<typeof Ort> {
  // A bundle resolves its own address against the page's origin if there is a page; that of a worker is "null".
  Reflect.deleteProperty(globalThis, "location");
  const found: Partial<typeof Ort> & { default?: Partial<typeof Ort> } = await import(module)
    .catch((error) => {
      throw new UserError(`${cannotUse({ module })}: ${whyNot(error)}`, { cause: error });
    });
  for (const one of [found, found.default ?? {}]) {
    if (!one.InferenceSession?.create || !one.Tensor || !one.env?.wasm) continue;
    if ("inputMetadata" in Object(one.InferenceSession).prototype) return one as typeof Ort;
    const old = one.env.versions?.web ?? "it";
    throw new UserError(
      `${
        cannotUse({ module })
      }: ${old} is too old, its sessions do not tell what inputs they take; ` +
        `name 1.22 or newer`,
    );
  }
  const names = Object.keys(found);
  throw new UserError(
    `${cannotUse({ module })}: it exports ${names.slice(0, 5).join(", ") || "nothing"} and no ` +
      `InferenceSession; name a version such as ${VERIFIED_RUNTIME}`,
  );
}

/** Why a module could not be imported. */
function whyNot(error: unknown): string {
  const reason = reasonOf(error);
  // Deno is told so by Octavo's npm package, which brings its own.
  if (/in the node_modules directory/.test(reason)) {
    return "this installation has packages from node_modules alone, and this release is not there; install " +
      "it under a name of its own, and give the address (file:) of its dist/ort.node.min.mjs";
  }
  return /Could not find npm package/.test(reason)
    ? `the registry has no such release (${reason.replace(/\.$/, "")})`
    : reason.split("\n").slice(0, 2).map((line) => line.replace(/^\s*\d+: /, "").trim()).join(" ");
}

/** What onnxruntime-web says where its WASM file is missing or of another version. */
const NOT_STARTED = /no available backend found\. ERR: (?:\[wasm\] )?(.*)/;

/**
 * Why an onnxruntime-web does not start, of the error of its first session; undefined where it started.
 *
 * @param threads That it was to have.
 */
export function whyNotStarted(error: string, threads: number): string | undefined {
  const reason = error.match(NOT_STARTED)?.[1];
  if (reason === undefined) return undefined;
  // Its threads are to import the module from an address that it makes up, which Deno does not let them.
  return threads > 1 && /\bblob\b/.test(reason)
    ? `in Deno this module starts with 1 thread only, not with ${threads}; a release by its version, such ` +
      `as ${VERIFIED_RUNTIME}, has threads, in every binary`
    : `it does not start: ${reason}`;
}

/** An exact version of the package, as npm has it. */
const RELEASE = /^npm:onnxruntime-web@(\d+\.\d+\.\d+\S*)$/;

/** A version by itself: 1.30.0, 1.31.0-dev.20260914-8d85527a0. */
const VERSION = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;

/**
 * How a module that was loaded is called where versions stand: by its version, and where it came from unless
 * that is npm's package of this version.
 */
export function versionOf({ env }: typeof Ort, module: string | undefined): string {
  const version = env.versions?.web ?? env.versions?.common ?? "of unknown version";
  const isPlain = module === undefined || module === "onnxruntime-web" ||
    module.match(RELEASE)?.[1] === version;
  return isPlain ? version : `${version} from ${module}`;
}

/**
 * Makes sure that a worker can be asked to import a module, and gives back what it imports; undefined where
 * that is Octavo's own.
 *
 * @param module See {@linkcode RuntimeOptions.ort}.
 * @throws {UserError} If it cannot be one.
 */
export function requireModule(module: string | URL): string | undefined {
  const given = String(module);
  const fail = (found: string): never => {
    throw new UserError(
      `Cannot use "${given}" as onnxruntime-web: ${found}; give a version such as ` +
        `${VERIFIED_RUNTIME}, or the address of a module: file:, http:, https: or npm:`,
    );
  };
  if (given === "") fail("it is empty");
  if (/^v?[\d.]+$/.test(given) && !VERSION.test(given)) fail("it is no whole version");
  const specifier = VERSION.test(given) ? `npm:onnxruntime-web@${given}` : given;
  if (specifier.match(RELEASE)?.[1] === VERIFIED_RUNTIME) return undefined;
  if (/^([./\\]|[a-z]:[/\\])/i.test(given)) {
    fail("it is a path, of which nobody knows what it is relative to");
  }
  const scheme = specifier.match(/^([a-z][a-z0-9+.-]*):/i)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    return ["npm", "file", "http", "https"].includes(scheme)
      ? specifier
      : fail(`it has the scheme ${scheme}:`);
  }
  try {
    import.meta.resolve(given);
    return given;
  } catch (error) {
    return fail(`Octavo does not know it (${reasonOf(error)})`);
  }
}
