import { SELF_TEST_FILE } from "./self_test_text.ts";
import { PLAIN_BUILD, WEB_RUNTIME } from "./web_runtime.ts";

/** The session that Octavo measures with, as lines of code. */
const SESSION = [
  '  executionProviders: ["wasm"],',
  '  graphOptimizationLevel: "all", // the default; QDQ needs it to run in int8',
];

/** How a model was measured: options for {@linkcode pageCode} and {@linkcode serviceCode}. */
export interface LoadingCodeOptions {
  /** Threads that the model was measured with. @default {1} */
  threads?: number;
  /** Version of onnxruntime-web. @default {the one that is known} */
  version?: string;
}

/**
 * JavaScript that loads a model in a page, with a bundler and the package onnxruntime-web.
 *
 * @param file Name of the model's file.
 */
export function pageCode(file: string, { threads = 1 }: LoadingCodeOptions = {}): string {
  return [
    `import * as ort from "${PLAIN_BUILD.entry}";`,
    "",
    `ort.env.wasm.wasmPaths = { wasm: "/${PLAIN_BUILD.wasm.name}" }; // from ${WEB_RUNTIME.name}/dist/`,
    `ort.env.wasm.numThreads = ${threads}; // as measured`,
    `const session = await ort.InferenceSession.create("/${file}", {`,
    ...SESSION,
    "});",
    'const input = new ort.Tensor("float32", data, dims); // data: Float32Array',
    "const results = await session.run({ [session.inputNames[0]]: input });",
  ].join("\n");
}

/**
 * TypeScript of a service in Deno that answers with what a model makes of the float32 values it is sent.
 *
 * @param file Name of the model's file.
 */
export function serviceCode(file: string, options: LoadingCodeOptions = {}): string {
  const { threads = 1, version = WEB_RUNTIME.version } = options;
  return [
    `import * as ort from "npm:${WEB_RUNTIME.name}@${version}"; // in Deno this is the plain build`,
    "",
    `ort.env.wasm.numThreads = ${threads}; // as measured`,
    `const session = await ort.InferenceSession.create(await Deno.readFile("${file}"), {`,
    ...SESSION,
    "});",
    "Deno.serve(async (request) => {",
    "  const data = new Float32Array(await request.arrayBuffer());",
    '  const input = new ort.Tensor("float32", data, dims);',
    "  const results = await session.run({ [session.inputNames[0]]: input });",
    "  return new Response(results[session.outputNames[0]].data);",
    "});",
  ].join("\n");
}

/**
 * JavaScript that tests the session of {@linkcode pageCode} with a canary.
 *
 * @param file Name of the canary's file.
 */
export function canaryCode(file: string): string {
  return [
    `import { selfTest } from "./${SELF_TEST_FILE}"; // lies beside the canary; also in octavo/self-test`,
    "",
    `const canary = await (await fetch("/${file}")).json();`,
    "const { same, text } = await selfTest(session, canary, { ort });",
    "if (!same) console.warn(text);",
  ].join("\n");
}
