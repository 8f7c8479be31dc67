/**
 * What a fresh process holds at most while it writes an int8 model: run by the bench `conversion`, it
 * prints the peak of its resident memory, in bytes, before it has read the model and at the end.
 *
 * Arguments: a fused model, its calibration as JSON. Linux alone tells a process its peak.
 */
import { calibrationFromJson } from "../../lib/calibrate/calibration.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { defaultQConfigMapping } from "../../lib/quantize/presets.ts";

/** Most resident memory of this process so far, in bytes. */
function peak(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(status.match(/^VmHWM:\s+(\d+) kB$/m)![1]);
}

if (import.meta.main) {
  const [path, calibration] = Deno.args as [string, string];
  const ranges = calibrationFromJson(JSON.parse(await Deno.readTextFile(calibration)));
  const before = peak();
  const model = await readModel(path);
  const int8 = convert(model, defaultQConfigMapping("wasm"), ranges).bytes();
  console.log(JSON.stringify({ before, after: peak(), bytes: int8.length }));
}
