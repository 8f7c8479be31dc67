import { userCacheFolder } from "../../../lib/cost/times_cache.ts";
import { environment } from "../../../lib/environment.ts";
import { UserError } from "../../../lib/errors.ts";
import { isPermitted } from "../../../lib/permitted.ts";
import { machineLoad, runtimeVersions, threadClock } from "../../../lib/runtime/open_runtime.ts";
import { flag } from "../command.ts";
import { type Finding, showFindings } from "../doctor/finding.ts";
import { cacheFinding, studyFinding } from "../doctor/folders.ts";
import { kernelFinding } from "../doctor/jupyter.ts";
import {
  clockFinding,
  denoFinding,
  loadFinding,
  ortFinding,
  permissionFindings,
} from "../doctor/machine.ts";
import { PERMISSIONS } from "../permissions.ts";
import { script } from "../shell.ts";

const command = {
  name: "doctor",
  summary:
    "Looks whether all is there that the commands need, and says what to do about what is not: " +
    "Deno, onnxruntime-web, permissions, folders, the clock, the machine's load, the notebooks' " +
    "kernel, git. Ends with exit code 1 where something needed is missing.",
  operands: {},
  options: { json: flag("print what was found as JSON") },
  examples: [""],
} as const;

const main = script(command, async ({ options }, { print }) => {
  const findings = await examine();
  await print(options.json ? JSON.stringify(findings, null, 2) : showFindings(findings));
  const wrong = findings.filter(({ state }) => state === "wrong");
  if (wrong.length > 0) {
    throw new UserError(`Needed and not right: ${wrong.map(({ name }) => name).join(", ")}`);
  }
});

async function examine(): Promise<Finding[]> {
  const mayAsk = (kind: "cpus" | "loadavg") => isPermitted({ name: "sys", kind });
  return [
    denoFinding(Deno.version),
    ...mayAsk("cpus") ? [ortFinding(runtimeVersions())] : [],
    ...permissionFindings(PERMISSIONS),
    clockFinding(threadClock().kind),
    loadFinding(mayAsk("loadavg") ? machineLoad() : undefined),
    await cacheFinding(userCacheFolder()),
    await studyFinding("studies"),
    await kernelFinding(environment),
    await gitFinding(),
  ];
}

/** Whether git is there to say which revision of the user's project a study came with. */
async function gitFinding(): Promise<Finding> {
  const name = "git";
  const help = "Studies do not note the revision of your project.";
  if (!isPermitted({ name: "run", command: "git" })) {
    return { name, state: "note", found: "may not be run", help };
  }
  try {
    const { stdout } = await new Deno.Command("git", { args: ["--version"] }).output();
    return {
      name,
      state: "ok",
      found: new TextDecoder().decode(stdout).replace(/^git version/, "").trim(),
    };
  } catch {
    return { name, state: "note", found: "not found", help };
  }
}

export default main;
