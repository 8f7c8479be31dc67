import type { Script } from "./shell.ts";

/** A command of Octavo. */
export interface Entry {
  /** What it does, in one line. */
  readonly summary: string;
  /** Loads it, and what it takes, when it is asked for. */
  readonly load: () => Promise<{ readonly default: Script }>;
}

/** All commands, in the order in which one comes to need them. A new one is a file and a line here. */
export const COMMANDS: ReadonlyMap<string, Entry> = new Map([
  ["sweep", {
    summary: "measure int8 configurations of a model and write a report",
    load: () => import("./commands/sweep.ts"),
  }],
  ["search", {
    summary: "find the fastest model within an accuracy budget",
    load: () => import("./commands/search.ts"),
  }],
  ["quantize", {
    summary: "write one int8 model",
    load: () => import("./commands/quantize.ts"),
  }],
  ["optimize", {
    summary: "make a model fast by measurement",
    load: () => import("./commands/optimize.ts"),
  }],
  ["ablate", {
    summary: "find out what int8 costs in each layer",
    load: () => import("./commands/ablate.ts"),
  }],
  ["inspect", {
    summary: "show inputs, outputs, operators and nodes",
    load: () => import("./commands/inspect.ts"),
  }],
  ["profile", {
    summary: "show where the time goes, node by node",
    load: () => import("./commands/profile.ts"),
  }],
  ["runtime", {
    summary: "compare the imports and releases of onnxruntime-web that may serve a model",
    load: () => import("./commands/runtime.ts"),
  }],
  ["report", {
    summary: "write the report again from a stored study",
    load: () => import("./commands/report.ts"),
  }],
  ["canary", {
    summary: "write what lets a page find out whether it computes what was measured",
    load: () => import("./commands/canary.ts"),
  }],
  ["init", {
    summary: "make a folder for work on a model, or a page that runs one",
    load: () => import("./commands/init.ts"),
  }],
  ["doctor", {
    summary: "say why an int8 file is slow, and mend it; without a file, look whether all is there",
    load: () => import("./commands/doctor.ts"),
  }],
  ["help", {
    summary: "explain a command, or a topic: config, metric, schema",
    load: () => import("./commands/help.ts"),
  }],
]);
