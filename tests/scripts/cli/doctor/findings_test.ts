import assert from "node:assert/strict";
import { showFindings } from "../../../../scripts/cli/doctor/finding.ts";
import { cacheFinding, studyFinding } from "../../../../scripts/cli/doctor/folders.ts";
import { kernelFinding } from "../../../../scripts/cli/doctor/jupyter.ts";
import {
  clockFinding,
  loadFinding,
  ortFinding,
  permissionFindings,
} from "../../../../scripts/cli/doctor/machine.ts";
import { PERMISSIONS } from "../../../../scripts/cli/permissions.ts";
import { VERIFIED_RUNTIME } from "../../../../lib/record/verified_runtime.ts";
import { inTempFolder } from "../../../temp_folder.ts";
import { run } from "../spawn.ts";

Deno.test("doctor has a line for each thing, and the same as JSON", async () => {
  const { code, stdout } = await run("doctor");
  assert.equal(code, 0);
  for (const name of ["Deno", "onnxruntime-web", "--allow-ffi", "study folder", "git"]) {
    assert.match(stdout, new RegExp(`^(ok|note) +${name} +\\S`, "m"));
  }
  const { stdout: json } = await run("doctor", "--json");
  assert.equal(JSON.parse(json)[0].found, `${Deno.version.deno}, V8 ${Deno.version.v8}`);
});

Deno.test("doctor ends with 1 and names what is needed and not there", {
  permissions: { read: true, sys: ["cpus"] },
}, async () => {
  const { code, stdout, stderr } = await run("doctor");
  assert.equal(code, 1);
  assert.match(stdout, /^wrong +--allow-write +not given, .*\n +Run it with --allow-write$/m);
  assert.match(stdout, /^note +--allow-run +not given/m);
  assert.match(stdout, /^note +cache folder +none: no variable names one/m);
  assert.equal(stderr, "doctor: Needed and not right: --allow-write, study folder\n");
});

Deno.test("ortFinding() tells another onnxruntime-web from the verified one", () => {
  const of = (version?: string) => ortFinding(version ? { "onnxruntime-web": version } : {});
  assert.equal(of(VERIFIED_RUNTIME).state, "ok");
  assert.equal(of("1.29.0").state, "note");
  assert.match(of("1.29.0").help!, /1\.29\.0.*1\.30\.0/);
  assert.equal(of().state, "wrong");
});

Deno.test("permissionFindings() takes only what is needed for wrong", () => {
  const states = permissionFindings(PERMISSIONS, () => false).map((
    { name, state },
  ) => [name, state]);
  assert.deepEqual(states, [
    ["--allow-read", "wrong"],
    ["--allow-write", "wrong"],
    ["--allow-sys", "wrong"],
    ["--allow-env", "note"],
    ["--allow-run", "note"],
    ["--allow-ffi", "note"],
  ]);
});

Deno.test("clockFinding() and loadFinding() say where times are known less well", () => {
  assert.equal(clockFinding("thread").state, "ok");
  assert.match(clockFinding("process").help!, /--allow-ffi/);
  assert.equal(loadFinding({ average: 0.1, cores: 2 }).state, "ok");
  assert.match(loadFinding({ average: 9.26, cores: 2 }).found, /^2 cores, load 9\.3$/);
  assert.equal(loadFinding({ average: 9.26, cores: 2 }).state, "note");
});

Deno.test("cacheFinding() counts the times that are kept, and studyFinding() makes no folder", () =>
  inTempFolder(async (folder) => {
    assert.match((await cacheFinding(`${folder}/octavo`)).found, /octavo, empty$/);
    await Deno.writeTextFile(`${folder}/costs-1.json`, '{"times":{"a":1,"b":2}}');
    assert.match((await cacheFinding(folder)).found, /, 2 times of kernels in 1 file, 0\.0 kB$/);
    assert.equal((await studyFinding(`${folder}/a/b`)).state, "ok");
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["costs-1.json"]);
    const file = await studyFinding(`${folder}/costs-1.json/a`);
    assert.equal(file.state, "wrong");
    assert.match(file.found, /nothing can be written there \(/);
  }));

Deno.test("kernelFinding() finds the kernel, and one whose Deno is gone", () =>
  inTempFolder(async (folder) => {
    const variables = (name: string) => name === "HOME" ? folder : undefined;
    const find = () => kernelFinding(variables, "linux");
    assert.match((await find()).help!, /deno@.* jupyter --install/);
    const place = `${folder}/.local/share/jupyter/kernels/deno`;
    await Deno.mkdir(place, { recursive: true });
    const write = (program: string) =>
      Deno.writeTextFile(`${place}/kernel.json`, JSON.stringify({ argv: [program, "jupyter"] }));
    await write(Deno.execPath());
    assert.equal((await find()).state, "ok");
    await write(`${folder}/gone`);
    assert.match((await find()).found, /kernel\.json starts .*gone, which is not there$/);
  }));

Deno.test("showFindings() has what to do below what was found", () => {
  assert.equal(
    showFindings([
      { name: "git", state: "ok", found: "2.39" },
      { name: "clock", state: "note", found: "the wall's", help: "Do so." },
    ]),
    "ok     git    2.39\nnote   clock  the wall's\n              Do so.",
  );
});
