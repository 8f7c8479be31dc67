/**
 * The onnxruntime-web that Octavo was verified with: which int8 kernels there are and what they demand,
 * what they do to the graph, and the bits that they give, are those of this version.
 */
export const VERIFIED_RUNTIME = "1.30.0";

/**
 * What is to be known where results come from another onnxruntime-web than {@linkcode VERIFIED_RUNTIME}, in a
 * sentence or two; undefined where it is that one, or none is told.
 *
 * @param versions As a runtime or a record tells them.
 * @example
 * ```ts
 * import { unverifiedRuntime, VERIFIED_RUNTIME } from "./verified_runtime.ts";
 * import assert from "node:assert/strict";
 * assert.equal(unverifiedRuntime({ "onnxruntime-web": VERIFIED_RUNTIME }), undefined);
 * assert.match(unverifiedRuntime({ "onnxruntime-web": "1.29.0" })!, /^This is onnxruntime-web 1\.29\.0/);
 * ```
 */
export function unverifiedRuntime(
  versions: Readonly<Record<string, string>>,
): string | undefined {
  const found = versions["onnxruntime-web"];
  if (found === undefined || found === VERIFIED_RUNTIME) return undefined;
  return `This is onnxruntime-web ${found}; Octavo was verified with ${VERIFIED_RUNTIME}. What it knows of ` +
    `the kernels (which are int8, what they demand, their bits) was not verified for this one. All that ` +
    `is measured is measured with this one, and kept apart from results of others.`;
}
