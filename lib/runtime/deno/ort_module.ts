import type * as Ort from "onnxruntime-web";
import { type Binary, binaryFiles } from "../../record/binary.ts";
import { reasonOf, UserError } from "../../errors.ts";
import { VERIFIED_RUNTIME } from "../../record/verified_runtime.ts";

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
    if (binary !== undefined) await chooseBinary(ort, binary, module);
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

/** What messages say of a module that is to be onnxruntime-web. */
export function cannotUse(module?: string, binary?: Binary): string {
  const what = binary === undefined ? "" : `the binary ${binary} of `;
  return `Cannot use ${what}${module === undefined ? "" : `${module} as `}onnxruntime-web`;
}

/** Has a module load the files of a binary, which lie beside it. */
async function chooseBinary(ort: typeof Ort, binary: Binary, module?: string): Promise<void> {
  const beside = import.meta.resolve(module ?? "onnxruntime-web");
  const { mjs, wasm } = binaryFiles(binary);
  const paths = { mjs: new URL(mjs, beside), wasm: new URL(wasm, beside) };
  for (const [name, path] of Object.entries({ [mjs]: paths.mjs, [wasm]: paths.wasm })) {
    if (path.protocol !== "file:" || await exists(path)) continue;
    throw new UserError(
      `${
        cannotUse(module, binary)
      }: beside ${beside} there is no ${name}; this release may lack it`,
    );
  }
  ort.env.wasm.wasmPaths = { mjs: paths.mjs.href, wasm: paths.wasm.href };
}

async function exists(path: URL): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function load(module: string): Promise<typeof Ort> {
  // A bundle resolves its own address against the page's origin if there is a page; that of a worker is "null".
  Reflect.deleteProperty(globalThis, "location");
  const found: Partial<typeof Ort> & { default?: Partial<typeof Ort> } = await import(module)
    .catch((error) => {
      throw new UserError(`${cannotUse(module)}: ${reasonOf(error)}`, { cause: error });
    });
  for (const one of [found, found.default ?? {}]) {
    if (!one.InferenceSession?.create || !one.Tensor || !one.env?.wasm) continue;
    if ("inputMetadata" in Object(one.InferenceSession).prototype) return one as typeof Ort;
    const old = one.env.versions?.web ?? "it";
    throw new UserError(
      `${cannotUse(module)}: ${old} is too old, its sessions do not tell what inputs they take; ` +
        `name 1.22 or newer`,
    );
  }
  const names = Object.keys(found);
  throw new UserError(
    `${cannotUse(module)}: it exports ${names.slice(0, 5).join(", ") || "nothing"} and no ` +
      `InferenceSession; name a module such as npm:onnxruntime-web@${VERIFIED_RUNTIME}`,
  );
}

/** An exact version of the package, as npm has it. */
const RELEASE = /^npm:onnxruntime-web@(\d+\.\d+\.\d+\S*)$/;

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
 * Makes sure that a worker can be asked to import a module, and gives back its name.
 *
 * @throws {UserError} If it cannot be one.
 */
export function requireModule(module: string | URL): string {
  const given = String(module);
  const fail = (found: string): never => {
    throw new UserError(
      `Cannot make a runtime: ort ${found}; give an npm: specifier such as ` +
        `"npm:onnxruntime-web@${VERIFIED_RUNTIME}", or the address of a module: file:, http: or https:`,
    );
  };
  if (given === "") fail("is empty");
  if (/^([./\\]|[a-z]:[/\\])/i.test(given)) {
    fail(`is a path, ${given}, of which nobody knows what it is relative to`);
  }
  const scheme = given.match(/^([a-z][a-z0-9+.-]*):/i)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    return ["npm", "file", "http", "https"].includes(scheme)
      ? given
      : fail(`has the scheme ${scheme}:`);
  }
  try {
    import.meta.resolve(given);
    return given;
  } catch (error) {
    return fail(`is "${given}", which Octavo does not know (${reasonOf(error)})`);
  }
}
