import assert from "node:assert/strict";
import type { Choice, PlacementProblem } from "../../lib/cost/placement.ts";
import { placementProgram } from "../../lib/cost/program.ts";

const float: Choice = { input: "float", output: "float", ms: 2 };
const int8: Choice = { input: "int8", output: "int8", ms: 1, takes: [0.5] };

/** One kernel from x to y, where a change of form takes 0.25 ms. */
const problem: PlacementProblem = {
  kernels: [{ inputs: ["x"], outputs: ["y"], choices: [float, int8] }],
  results: ["y"],
  elements: () => 1,
  prices: () => 0.25,
};

/** The lines of a program between two headings, without their numbers and breaks. */
function lines(program: string, from: string, to: string): string[] {
  const part = program.slice(program.indexOf(from) + from.length, program.indexOf(to));
  return part.replaceAll("\n  + ", " + ").split("\n").map((line) => line.replace(/^ \w+: /, ""))
    .filter(Boolean);
}

Deno.test("placementProgram() says what is chosen, and what brings each tensor where it is wanted", () => {
  const program = placementProgram(problem);
  // x comes as float32 and is brought into int8; y, given as int8 or float32, leaves as float32.
  assert.deepEqual(lines(program, "Minimize", "Subject To"), [
    "2.000000000 x0_0 + 1.000000000 x0_1 + 0.250000000 s0_2_0 + 0.250000000 s1_0_2",
  ]);
  assert.deepEqual(lines(program, "Subject To", "Binary"), [
    "x0_0 + x0_1 = 1",
    "s0_2_0 - x0_1 <= 0",
    " - x0_0 - s0_2_0 <= -1",
    "x0_0 <= 1",
    "s1_0_2 <= 1",
    "x0_1 - s1_0_2 <= 0",
  ]);
  assert.deepEqual(lines(program, "Binary", "End"), [" x0_0", " x0_1"]);
});

Deno.test("placementProgram() counts what is rounded against a limit, in shares of it", () => {
  const limited = { ...problem, limits: [{ most: 2, rounding: () => 0.1 }] };
  assert.deepEqual(lines(placementProgram(limited), "Subject To", "Binary").slice(6), [
    "x0_1 - q0 <= 0",
    "x0_1 - q1 <= 0",
    "0.250000000 x0_1 + 0.050000000 q0 + 0.050000000 q1 <= 1",
  ]);
});
