import { VERIFIED_RUNTIME } from "../record/verified_runtime.ts";

/**
 * What a page fetches of onnxruntime-web, once for all models: the same kernels and the same bits,
 * whichever it is. Which one is decided by the import, not by `executionProviders`.
 */
export interface WebBuild {
  /** What is imported. */
  readonly entry: string;
  /** The script, which a bundler makes part of its own. */
  readonly script: WebFile;
  /** The WASM file, which is served beside. */
  readonly wasm: WebFile;
  /** Name of the module that starts the WASM, where the script is told not to bring it along. */
  readonly glue: string;
}

/** A file in `dist/` of the package. */
export interface WebFile {
  readonly name: string;
  readonly bytes: number;
  /** Bytes after brotli, quality 5. */
  readonly brotli: number;
}

/** The package whose files these are. */
export const WEB_RUNTIME = { name: "onnxruntime-web", version: VERIFIED_RUNTIME } as const;

/** The build to ship: the kernels for processors and nothing else. */
export const PLAIN_BUILD = {
  entry: "onnxruntime-web/wasm",
  script: { name: "ort.wasm.bundle.min.mjs", bytes: 73_054, brotli: 23_498 },
  wasm: { name: "ort-wasm-simd-threaded.wasm", bytes: 14_239_897, brotli: 2_825_158 },
  glue: "ort-wasm-simd-threaded.mjs",
} as const satisfies WebBuild;

/** What `import "onnxruntime-web"` fetches in a page, also for `["wasm"]`: kernels for GPUs are in it. */
export const DEFAULT_BUILD = {
  entry: "onnxruntime-web",
  script: { name: "ort.bundle.min.mjs", bytes: 413_523, brotli: 105_423 },
  wasm: { name: "ort-wasm-simd-threaded.jsep.wasm", bytes: 28_312_028, brotli: 4_891_741 },
  glue: "ort-wasm-simd-threaded.jsep.mjs",
} as const satisfies WebBuild;

/**
 * What a page must be served with to have threads; without, it is not cross-origin isolated, and
 * onnxruntime-web runs on one thread without a word. What it loads from elsewhere must allow it then.
 */
export const ISOLATION_HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;
