import assert from "node:assert/strict";
import { dynamicByDefault } from "../../../lib/quantize/quantize_dynamic.ts";
import { type Choices, placeOf, readConfig } from "../../../scripts/cli/quantize_choices.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { inTempFolder } from "../../temp_folder.ts";

const network = modelOf("input x float32[N, 4]; output y float32[N, 4]; y = MatMul(x, w)", {
  w: [4, 4],
});

/** Said in the JSON of a rule; `$` stands for itself. */
const RULE = '["a$&b$1", "float32"]';

async function advice(choices: Choices): Promise<string> {
  const config = await readConfig(choices);
  const mapping = choices.dynamic ? dynamicByDefault(network) : config.mapping;
  return placeOf(choices, config, mapping)(RULE);
}

Deno.test("placeOf() writes a config that says the same as the flags, and names those that it replaces", async () => {
  const cases: [Partial<Choices>, form: string, flags: string][] = [
    [{}, '"wasm"', ""],
    [{ preset: "fbgemm" }, '"fbgemm"', " in the place of --preset fbgemm"],
    [
      { preset: "wasm", kernels: "fast" },
      '"wasm"',
      " in the place of --preset wasm and --kernels fast",
    ],
    [
      { kernels: "any" },
      '{ "kind": "static", "kernels": "any" }',
      " in the place of --kernels any",
    ],
  ];
  for (const [choices, form, flags] of cases) {
    assert.equal(
      await advice({ dynamic: false, ...choices }),
      `write { "default": ${form}, "rules": [${RULE}] } to q.jsonc and give --config q.jsonc${flags}`,
    );
  }
});

Deno.test("placeOf() leaves a network dynamic that --dynamic made so", () =>
  inTempFolder(async (folder) => {
    const text = await advice({ dynamic: true });
    const [, keys] = /^write (\{.*\}) to q\.jsonc .* in the place of --dynamic$/.exec(text)!;
    await Deno.writeTextFile(`${folder}/q.jsonc`, keys!);
    const { mapping } = await readConfig({ dynamic: false, config: `${folder}/q.jsonc` });
    assert.deepEqual(
      [
        mapping.default.kind,
        mapping.onUnsupported,
        mapping.rules.map(([at, { kind }]) => [at, kind]),
      ],
      ["weightOnly", "float32", [[{ op: "MatMul" }, "dynamic"], ["a$&b$1", "float32"]]],
    );
  }));

Deno.test("placeOf() adds to the config that was given, be it of shared keys alone", () =>
  inTempFolder(async (folder) => {
    const config = `${folder}/own.jsonc`;
    await Deno.writeTextFile(config, '{ "metric": "sqnr" }');
    assert.equal(
      await advice({ dynamic: false, config, preset: "x86" }),
      `set "default": "x86", "rules": [${RULE}] in ${config} and leave out --preset x86`,
    );
    assert.equal(
      await advice({ dynamic: false, config }),
      `set "default": "wasm", "rules": [${RULE}] in ${config}`,
    );
    await Deno.writeTextFile(config, '{ "default": "static" }');
    assert.equal(
      await advice({ dynamic: false, config }),
      `add to the rules of ${config}: ${RULE}`,
    );
  }));
