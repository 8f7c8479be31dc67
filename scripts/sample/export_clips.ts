/**
 * Writes clips for train.py: `NAME.clips` holds grey levels [n, 16, 44, 44] and `NAME.labels` the
 * labels [n], both raw uint8; NAME is `training`, `development` (the last seeds of the training
 * range, to look at while training), both in mild conditions, or `test`, in harsh ones.
 *
 *     deno run --allow-write scripts/sample/export_clips.ts FOLDER [TRAINING [DEVELOPMENT [TEST]]]
 */

import { clip, CLIP_SHAPE } from "../../lib/data/visemes/clip.ts";
import { type Conditions, HARSH, MILD } from "../../lib/data/visemes/conditions.ts";
import { SPLITS } from "../../lib/data/visemes/splits.ts";

const [folder, training = "64000", development = "1000", test = "2000"] = Deno.args;
if (folder === undefined) {
  console.error("Usage: export_clips.ts FOLDER [TRAINING [DEVELOPMENT [TEST]]]");
  Deno.exit(2);
}
Deno.mkdirSync(folder, { recursive: true });
write("training", SPLITS.training.start, Number(training), MILD);
write("development", SPLITS.training.end - Number(development), Number(development), MILD);
write("test", SPLITS.test.start, Number(test), HARSH);

function write(name: string, firstSeed: number, count: number, conditions: Conditions): void {
  const labels = new Uint8Array(count);
  using file = Deno.openSync(`${folder}/${name}.clips`, {
    write: true,
    create: true,
    truncate: true,
  });
  for (let i = 0; i < count; i++) {
    const { pixels, label } = clip(firstSeed + i, conditions);
    labels[i] = label;
    for (let at = 0; at < pixels.length;) at += file.writeSync(pixels.subarray(at));
  }
  Deno.writeFileSync(`${folder}/${name}.labels`, labels);
  console.log(`${name}: ${count} clips of ${CLIP_SHAPE.join("x")} from seed ${firstSeed}`);
}
