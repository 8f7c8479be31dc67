/**
 * Writes clips for train.py: `NAME.clips` holds grey levels [n, 16, 44, 44] and `NAME.labels` the
 * labels [n], both raw uint8; NAME is `training`, `development` (the last seeds of the training
 * range, to look at while training) or `test`.
 *
 *     deno run --allow-write scripts/sample/export_clips.ts FOLDER [TRAINING [DEVELOPMENT [TEST]]]
 */

import { clip, CLIP_SHAPE } from "../../lib/data/visemes/clip.ts";
import { SPLITS } from "../../lib/data/visemes/splits.ts";

const [folder, training = "35200", development = "1000", test = "2000"] = Deno.args;
if (folder === undefined) {
  console.error("Usage: export_clips.ts FOLDER [TRAINING [DEVELOPMENT [TEST]]]");
  Deno.exit(2);
}
Deno.mkdirSync(folder, { recursive: true });
write("training", SPLITS.training.start, Number(training));
write("development", SPLITS.training.end - Number(development), Number(development));
write("test", SPLITS.test.start, Number(test));

function write(name: string, firstSeed: number, count: number): void {
  const labels = new Uint8Array(count);
  using file = Deno.openSync(`${folder}/${name}.clips`, {
    write: true,
    create: true,
    truncate: true,
  });
  for (let i = 0; i < count; i++) {
    const { pixels, label } = clip(firstSeed + i);
    labels[i] = label;
    for (let at = 0; at < pixels.length;) at += file.writeSync(pixels.subarray(at));
  }
  Deno.writeFileSync(`${folder}/${name}.labels`, labels);
  console.log(`${name}: ${count} clips of ${CLIP_SHAPE.join("x")} from seed ${firstSeed}`);
}
