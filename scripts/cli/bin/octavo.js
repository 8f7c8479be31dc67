#!/usr/bin/env node
/**
 * The command of the npm package: starts Octavo on the Deno that came with it. This is the one file that
 * Node runs, any version of it, so it is JavaScript, and says in words what is missing.
 */
import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 20;

/** What reaches the process alone is passed on; the terminal's Ctrl-C reaches both, which Octavo knows. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Packages are those beside Octavo, as npm put them there, whatever deno.json the folder has. */
const RESOLVING = ["--no-config", "--node-modules-dir=manual"];

const root = new URL("../../../", import.meta.url);

checkNode();
checkContents();
const { FLAGS } = await import("../permissions.js");
const permissions = ["--no-prompt", ...FLAGS];
start(findDeno());

function checkNode() {
  const { node } = process.versions;
  if (parseInt(node) >= OLDEST_NODE) return;
  fail(`it needs Node ${OLDEST_NODE} or newer, and this is Node ${node}`);
}

/** A file that is missing or cut off would come up later, as a stack of a module that was not found. */
function checkContents() {
  const broken = Object.entries(contents()).filter(([path, size]) => sizeOf(path) !== size);
  if (broken.length === 0) return;
  const more = broken.length > 1 ? ` and ${broken.length - 1} more` : "";
  fail(
    `its installation in ${fileURLToPath(root)} is damaged: ${
      broken[0][0]
    }${more} missing or changed; ` +
      "remove the folder and install octavo again",
  );
}

/** Sizes of all files, by path. */
function contents() {
  const list = "contents.json";
  return sizeOf(list) ? JSON.parse(readFileSync(new URL(list, root), "utf8")) : { [list]: 1 };
}

function sizeOf(path) {
  return statSync(new URL(path, root), { throwIfNoEntry: false })?.size;
}

/** Path of Deno's program, which is a package of its own for each system. */
function findDeno() {
  const require = createRequire(import.meta.url);
  try {
    return require("deno/install_api.cjs").runInstall();
  } catch (error) {
    return fail(
      "Deno, on which it runs, was not installed with it: that happens where npm leaves out optional " +
        "packages (--omit=optional), and on systems for which there is no Deno. Install octavo again " +
        `without that option, or use its library in Node (octavo/quantize). ${reason(error)}`,
    );
  }
}

/** First line of an error, which is a sentence. */
function reason(error) {
  return `(${String(error.message).split("\n")[0]})`;
}

function start(deno) {
  const { npm_lifecycle_event, OCTAVO_AS } = process.env;
  const called = npm_lifecycle_event === "npx" ? "npx octavo" : "octavo";
  const program = fileURLToPath(new URL("scripts/cli/octavo.js", root));
  const args = ["run", "--quiet", ...RESOLVING, ...permissions, program, ...process.argv.slice(2)];
  const child = spawn(deno, args, {
    stdio: "inherit",
    env: { ...process.env, OCTAVO_AS: OCTAVO_AS || called },
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`cannot start Deno: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exitCode = code === null ? 128 + constants.signals[signal] : code;
  });
}

function fail(message) {
  process.stderr.write(`octavo: ${message}\n`);
  process.exit(1);
}
