import { isPermitted } from "../../lib/permitted.ts";

/** A permission of Deno that the commands use. */
export interface Permission {
  /** As Deno's command line has it. */
  readonly flag: string;
  /** What it is for. */
  readonly what: string;
  /** Whether no command can do its work without; else something is left out. */
  readonly isNeeded: boolean;
  /** What is asked of Deno to learn whether it is given: one of these is enough. */
  readonly any: readonly Deno.PermissionDescriptor[];
}

/** Where systems keep the C library, whose clock tells the time of one thread. */
const C_LIBRARIES = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libSystem.B.dylib",
];

/** Folders of the user, by system, and what Octavo's own tasks say. */
const VARIABLES = [
  ...["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"],
  ...["XDG_CACHE_HOME", "XDG_DATA_HOME"],
  ...["INIT_CWD", "OCTAVO_*"],
];

/** All that the commands use, and nothing else: no network, no program but git. */
export const PERMISSIONS: readonly Permission[] = [
  {
    flag: "--allow-read",
    what: "to read models and samples, and files of its own",
    isNeeded: true,
    any: [{ name: "read" }],
  },
  {
    flag: "--allow-write",
    what: "to write models, studies and reports, and the times of kernels",
    isNeeded: true,
    any: [{ name: "write" }],
  },
  {
    flag: "--allow-sys=cpus,loadavg",
    what: "to say which machine times are of, and whether it is busy",
    isNeeded: true,
    any: [{ name: "sys", kind: "cpus" }],
  },
  {
    flag: `--allow-env=${VARIABLES.join(",")}`,
    what: "to find the user's cache folder; without it no times of kernels are kept",
    isNeeded: false,
    any: ["HOME", "LOCALAPPDATA"].map((variable) => ({ name: "env", variable })),
  },
  {
    flag: "--allow-run=git",
    what: "to note the revision of your project in studies",
    isNeeded: false,
    any: [{ name: "run", command: "git" }],
  },
  {
    flag: `--allow-ffi=${C_LIBRARIES.join(",")}`,
    what: "to time one thread alone; without it times are of the whole process",
    isNeeded: false,
    any: C_LIBRARIES.map((path) => ({ name: "ffi", path })),
  },
];

/**
 * What Deno is started with: the permissions, and a feature that it calls unstable, by which the code of
 * `--metric FILE` gets none of them.
 */
export const FLAGS: readonly string[] = [
  "--unstable-worker-options",
  ...PERMISSIONS.map(({ flag }) => flag),
];

/** Whether a permission was given. */
export function isGiven({ any }: Permission): boolean {
  return any.some(isPermitted);
}

/** What Deno's words call what may not be done. */
const DEEDS: Readonly<Record<string, string>> = {
  read: "read",
  write: "write",
  sys: "ask the system for",
  env: "read the variable",
  run: "run",
  all: "use",
};

/**
 * What to tell whoever ran Octavo without a permission that it needs: undefined where that is not what
 * went wrong.
 */
export function withoutPermission(error: unknown): string | undefined {
  const denied = causes(error).find((one) => one instanceof Deno.errors.NotCapable);
  if (!denied) return undefined;
  const [, kind = "", what = "all files"] =
    denied.message.match(/Requires (\w+) access(?: to (".*?"|<.*?>))?/) ?? [];
  const needed = PERMISSIONS.filter(({ isNeeded }) => isNeeded).map(({ flag }) => flag);
  return `Octavo may not ${Object.hasOwn(DEEDS, kind) ? DEEDS[kind] : `use ${kind}:`} ${what}: ` +
    `Deno was started without --allow-${kind}. It needs ${needed.join(" ")}`;
}

function causes(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}
