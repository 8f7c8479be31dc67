import { isBusy } from "../../../lib/record/settled.ts";
import type { MachineLoad } from "../../../lib/record/trial_record.ts";
import { unverifiedRuntime, VERIFIED_RUNTIME } from "../../../lib/record/verified_runtime.ts";
import { plural } from "../../../lib/report/format.ts";
import type { ClockKind } from "../../../lib/runtime/clock.ts";
import { isGiven, type Permission } from "../permissions.ts";
import type { Finding } from "./finding.ts";

/** Deno and V8, which decide how fast things are. That Deno is not too old is known by now. */
export function denoFinding({ deno, v8 }: typeof Deno.version): Finding {
  return { name: "Deno", state: "ok", found: `${deno}, V8 ${v8}` };
}

/** The runtime that Octavo measures in, against the one that it was verified with. */
export function ortFinding(versions: Readonly<Record<string, string>>): Finding {
  const name = "onnxruntime-web";
  const found = versions[name];
  if (found === undefined) {
    const help = "Octavo was not installed whole: install it again.";
    return { name, state: "wrong", found: "not found", help };
  }
  if (found === VERIFIED_RUNTIME) {
    return {
      name,
      state: "ok",
      found: `${found}, as verified; the plain binary, where --binary names no other`,
    };
  }
  return { name, state: "note", found, help: unverifiedRuntime(versions) };
}

/** Each permission that the commands use. */
export function permissionFindings(
  permissions: readonly Permission[],
  given: (permission: Permission) => boolean = isGiven,
): Finding[] {
  return permissions.map((permission) => {
    const { flag, what, isNeeded } = permission;
    const [name = flag] = flag.split("=");
    if (given(permission)) return { name, state: "ok", found: what };
    const help = `Run it with ${flag}`;
    return { name, state: isNeeded ? "wrong" : "note", found: `not given, ${what}`, help };
  });
}

/** What runs of one thread are timed with. */
export function clockFinding(kind: ClockKind): Finding {
  const name = "clock";
  if (kind === "thread") return { name, state: "ok", found: "the processor's time of one thread" };
  const found = kind === "process"
    ? "the processor's time of the process, V8's compilers among it"
    : "the time on the wall, which whatever else runs here lengthens";
  const help = "Ratios are known less well: see --allow-ffi; Windows has no finer one.";
  return { name, state: "note", found, help };
}

/** Cores, and what they have to do just now; undefined where it may not be asked. */
export function loadFinding(load: MachineLoad | undefined): Finding {
  const name = "machine";
  if (!load) return { name, state: "note", found: "its load may not be asked for" };
  const found = `${plural(load.cores, "core")}, load ${load.average.toFixed(1)}`;
  return isBusy(load)
    ? {
      name,
      state: "note",
      found,
      help: "It is busy: end what else runs before times are measured.",
    }
    : { name, state: "ok", found };
}
