import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";

// Calibrates the sample on as many clips as the argument says, and prints the peak of its own memory.

const calibrationSize = Number(Deno.args[0]);
const data = visemes({ calibration: calibrationSize, selection: 1, test: 1 });
const prepared = prepare(fuse(await sampleModel()), qconfigMapping({ default: staticInt8() }));
let peak = 0;
await calibrate(prepared, data.calibration, {
  onProgress: () => peak = Math.max(peak, Deno.memoryUsage().rss),
});
console.log(peak);
