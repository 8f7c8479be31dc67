import assert from "node:assert/strict";
import { createProgress } from "../../../scripts/cli/progress.ts";

function record(live: boolean, columns = 20) {
  let written = "";
  const write = (text: string) => void (written += text);
  const progress = createProgress({ live, width: () => columns, write });
  return { progress, written: () => written };
}

Deno.test("createProgress() redraws one line on a terminal and keeps what was logged", () => {
  const { progress, written } = record(true);
  progress.update("trial 1 of 2");
  progress.log("trial 1: done");
  progress.close();
  assert.equal(
    written(),
    "\r\x1b[2Ktrial 1 of 2" + "\r\x1b[2K" + "trial 1: done\ntrial 1 of 2" + "\r\x1b[2K",
  );
});

Deno.test("createProgress() writes only what is logged where nobody watches", () => {
  const { progress, written } = record(false);
  progress.update("trial 1 of 2");
  progress.log("trial 1: done");
  progress.close();
  assert.equal(written(), "trial 1: done\n");
});

Deno.test("createProgress() cuts a live line to the terminal, for one that wraps cannot be redrawn", () => {
  const { progress, written } = record(true, 10);
  progress.update("0123456789abc");
  assert.equal(written(), "\r\x1b[2K01234567…");
});
