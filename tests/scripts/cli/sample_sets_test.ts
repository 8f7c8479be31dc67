import assert from "node:assert/strict";
import { writeNpz } from "../../../lib/data/npz.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { readSets } from "../../../scripts/cli/sample_sets.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { inTempFolder } from "../../temp_folder.ts";

Deno.test("readSets() reads one set as it is, and several by their names", () =>
  inTempFolder(async (folder) => {
    const model = modelOf("input x float32[N, T]; output y float32[N, T]; y = Relu(x)");
    const [long, short] = [`${folder}/long.npz`, `${folder}/a=b.npz`];
    await writeNpz(long, { x: float32([2, 3], [1, 2, 3, 4, 5, 6]) });
    await writeNpz(short, { x: float32([1, 1], [7]) });
    const read = (...given: string[]) => readSets(given, model, {}, () => {});
    assert.equal((await read(long)).parts, undefined);
    assert.equal((await read(`all=${short}`)).name, "a=b.npz"); // the name of the one set does not matter
    assert.deepEqual((await read(`long=${long}`, `short=${short}`)).parts, [
      "long",
      "long",
      "short",
    ]);
    await assert.rejects(
      read(`long=${long}`, short),
      /Several sets of samples each need a name, which/,
    );
  }));
