import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../../lib/data/npz.ts";
import { readModel } from "../../../lib/onnx/file.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { tinyArrays, tinyModel } from "../../task/tiny.ts";
import { PERMITTED, run } from "./spawn.ts";

Deno.test(
  "optimize writes a model, says for what it holds, and asks for a sample where shapes are open",
  { permissions: PERMITTED },
  async () => {
    const folder = await Deno.makeTempDir();
    const at = (name: string) => join(folder, name);
    try {
      await tinyModel().save(at("tiny.onnx"));
      await modelOf("input x float32[N, frames]\noutput y float32[N, frames]\ny = Relu(x)", {})
        .save(at("open.onnx"));
      await writeNpz(at("data.npz"), { x: tinyArrays(12).x });
      const [written, noData, open] = await Promise.all([
        run(
          "optimize",
          at("tiny.onnx"),
          "--data",
          at("data.npz"),
          "--exact",
          "--fresh",
          "--why",
          "front.conv2",
          "--out",
          at("f.onnx"),
        ),
        run("optimize", at("tiny.onnx"), "--out", at("g.onnx")),
        run("optimize", at("open.onnx"), "--float32", "--out", at("g.onnx")),
      ]);
      assert.equal(written.code, 0, written.stderr);
      assert.match(written.stdout, /of (the|its) time/);
      const kept = /The model is the one that was given/.test(written.stdout);
      assert.equal(/The choice holds for x \[1, 3, 12, 12\]/.test(written.stdout), !kept);
      assert.match(
        written.stdout,
        /^\/front\/conv2\/Conv \(Conv \+ Relu, front\.conv2\):\n\nform .*\n.*\n.* chosen: /m,
      );
      assert.match(written.stdout, /Wrote .*f\.onnx: [\d,]+ bytes/);
      assert.equal(written.stdout.match(/×[\d.]+ of /g)?.length, 1); // its size is told once
      assert.ok((await readModel(at("f.onnx"))).graph.node.length > 0);
      assert.equal(noData.code, 2);
      assert.match(noData.stderr, /give --data samples\.npz, or --exact/);
      assert.equal(open.code, 2);
      assert.match(
        open.stderr,
        /which leaves the shape open; give --shape x=1,…, or samples \(--data/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
