import assert from "node:assert/strict";
import type { Output } from "../../scripts/notebooks/notebook.ts";
import { OutputRecorder } from "../../scripts/notebooks/outputs.ts";

Deno.test("OutputRecorder joins the pieces of one stream and keeps streams apart", () => {
  const recorder = new OutputRecorder();
  const outputs: Output[] = [];
  for (const [name, text] of [["stdout", "a\n"], ["stdout", "b\n"], ["stderr", "c\n"]]) {
    recorder.record({ type: "stream", content: { name, text } }, outputs, 1);
  }
  assert.deepEqual(outputs, [
    { output_type: "stream", name: "stdout", text: "a\nb\n" },
    { output_type: "stream", name: "stderr", text: "c\n" },
  ]);
});

Deno.test("OutputRecorder updates a display where it stands, in an earlier cell too", () => {
  const recorder = new OutputRecorder();
  const [first, second]: [Output[], Output[]] = [[], []];
  const transient = { display_id: "bar" };
  const show = (type: string, text: string, outputs: Output[]) =>
    recorder.record({ type, content: { data: { "text/plain": text }, transient } }, outputs, 1);
  show("display_data", "1/2", first);
  show("update_display_data", "2/2", second);
  assert.deepEqual(first, [
    { output_type: "display_data", data: { "text/plain": "2/2" }, metadata: {} },
  ]);
  assert.deepEqual(second, []);
});

Deno.test("OutputRecorder numbers results, keeps errors, and clears", () => {
  const recorder = new OutputRecorder();
  const outputs: Output[] = [];
  const data = { "text/plain": "2" };
  recorder.record({ type: "execute_result", content: { data, metadata: {} } }, outputs, 3);
  assert.deepEqual(outputs, [
    { output_type: "execute_result", data, metadata: {}, execution_count: 3 },
  ]);
  recorder.record({ type: "clear_output", content: {} }, outputs, 3);
  const error = { ename: "TypeError", evalue: "no", traceback: ["at a"] };
  recorder.record({ type: "error", content: error }, outputs, 3);
  assert.deepEqual(outputs, [{ output_type: "error", ...error }]);
});
