/**
 * What it takes to make a session of a file for the first time in a process: run by the bench `creation`,
 * it prints milliseconds. The runtime itself is compiled by then, with a model of one node.
 */
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { openSession, threadClock } from "../../lib/runtime/open_runtime.ts";

if (import.meta.main) {
  const bytes = await Deno.readFile(Deno.args[0]!);
  await openSession(parseModel("input x float32[1]; output y float32[1]; y = Neg(x)"));
  const clock = threadClock();
  const start = clock.now();
  await openSession(bytes);
  console.log(clock.now() - start);
}
