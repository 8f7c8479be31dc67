import { userCacheFolder } from "../../../lib/cost/times_cache.ts";
import { environment } from "../../../lib/environment.ts";
import { isPermitted } from "../../../lib/permitted.ts";
import { machineLoad, runtimeVersions, threadClock } from "../../../lib/runtime/open_runtime.ts";
import { PERMISSIONS } from "../permissions.ts";
import type { Finding } from "./finding.ts";
import { cacheFinding, studyFinding } from "./folders.ts";
import { kernelFinding } from "./jupyter.ts";
import {
  clockFinding,
  denoFinding,
  loadFinding,
  ortFinding,
  permissionFindings,
} from "./machine.ts";

/** Looks whether all is there that the commands need. */
export async function examine(): Promise<Finding[]> {
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
