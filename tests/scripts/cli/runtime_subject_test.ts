import assert from "node:assert/strict";
import { writeNpz } from "../../../lib/data/npz.ts";
import { Model } from "../../../lib/onnx/model.ts";
import { parseModel } from "../../../lib/onnx/parse_model.ts";
import { openStudy } from "../../../lib/study/open_study.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { createProgress } from "../../../scripts/cli/progress.ts";
import { runtimeSubject, type SubjectRequest } from "../../../scripts/cli/runtime_subject.ts";
import { studyOf } from "../../report/fixture.ts";
import { inTempFolder } from "../../temp_folder.ts";

const shell = { progress: createProgress({ live: false, write() {} }) };
const none: SubjectRequest = {
  ...{ path: undefined, against: undefined, data: undefined },
  ...{ config: undefined, tokenizer: undefined, shape: undefined },
};

/** A model in a file; `bias` tells one from another. */
async function saved(path: string, bias: number): Promise<Model> {
  const { proto } = parseModel(`
    input x float32[N, 2]
    output y float32[N, 2]
    tensor b float32[2] = [${bias}, 0]
    y = Add(x, b)`);
  const model = new Model(proto, { name: path.replace(/.*\//, "") });
  await model.save(path);
  return model;
}

Deno.test("a study is its winner against the network that its command names, with the samples from there", () =>
  inTempFolder(async (folder) => {
    const float = await saved(`${folder}/my net.onnx`, 1);
    const study = `${folder}/study`;
    const store = async (hash: string, winner: boolean) => {
      const { trials: _, planned: __, ...record } = studyOf([]);
      const identity = {
        model: { name: float.name, hash },
        data: { name: "s.npz", splits: [] },
        metric: { name: "m", unit: "", source: "" },
        versions: {},
      };
      await Deno.remove(study, { recursive: true }).catch(() => {});
      await using store = await openStudy(identity, { folder: study });
      await store.putHeader({
        ...record,
        ...{ grid: [], files: {} },
        model: { ...record.model, ...identity.model },
        ...(winner && { winner: { key: "k", reason: "it is fast" } }),
        provenance: {
          ...record.provenance,
          command: `octavo sweep '${folder}/my net.onnx' --data ${folder}/s.npz --quick`,
        },
      });
    };
    await writeNpz(`${folder}/s.npz`, { x: float32([3, 2], [1, 2, 3, 4, 5, 6]) });
    const find = (request: Partial<SubjectRequest>) =>
      runtimeSubject({ ...none, ...request }, shell);

    await store(await float.hash(), true);
    const best = await saved(`${study}/best.onnx`, 2);
    for (const path of [study, `${study}/study.db`]) {
      const found = await find({ path });
      assert.deepEqual([found.model.name, found.float32?.name], ["best.onnx", "my net.onnx"]);
      assert.equal(await found.model.hash(), await best.hash());
      assert.equal(found.inputs, "3 samples of s.npz");
      assert.deepEqual([...found.samples[2]!.x!.data], [5, 6]);
    }
    await Deno.remove(`${folder}/s.npz`);
    assert.equal((await find({ path: study })).inputs, "made-up inputs", "they are gone");

    await Deno.rename(`${folder}/my net.onnx`, `${folder}/moved.onnx`);
    await assert.rejects(
      find({ path: study }),
      /Cannot find my net\.onnx, .*--against model\.onnx/,
    );
    const named = await find({ path: study, against: `${folder}/moved.onnx` });
    assert.equal(named.float32?.name, "moved.onnx");

    await store(await float.hash(), false);
    await assert.rejects(find({ path: study }), /the study has no winner; name a model's file/);
  }));

Deno.test("without a model it is the bundled sample, with its clips", async () => {
  const { model, float32, samples, inputs } = await runtimeSubject(none, shell);
  assert.deepEqual([model.name, float32, samples.length], ["lipnet.onnx", undefined, 4]);
  assert.equal(inputs, "4 clips of the bundled sample");
});
