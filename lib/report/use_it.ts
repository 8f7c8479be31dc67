import { commandLike } from "../command_name.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { pageCode, serviceCode } from "../ship/loading_code.ts";
import {
  DEFAULT_BUILD,
  ISOLATION_HEADERS,
  PLAIN_BUILD,
  WEB_RUNTIME,
  type WebBuild,
} from "../ship/web_runtime.ts";
import { timedInText } from "../record/runtime_name.ts";
import { codeOf, type Definition, factsOf, paragraphOf } from "./blocks.ts";
import { factor, megabytes } from "./format.ts";
import { nodeText } from "./node_text.ts";
import type { Section } from "./page.ts";
import { entriesOf } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

/** How to load the winner in a page and in Deno; none where no file was kept. */
export function useSection(study: Study): Section | undefined {
  const { winner } = entriesOf(study);
  const file = winner?.trial.file;
  if (winner === undefined || file === undefined) return undefined;
  const name = file.replace(/^.*\//, "");
  const { threads, versions } = study.provenance;
  const version = versions[WEB_RUNTIME.name] ?? WEB_RUNTIME.version;
  const { wasm } = PLAIN_BUILD;
  return {
    title: "Use it",
    caption:
      `${name} is an ordinary ONNX file: what ran ${
        baselineWords(study).network
      } runs it, with the same ` +
      "inputs and outputs.",
    blocks: [
      paragraphOf("In a page, with a bundler and the package onnxruntime-web:"),
      codeOf(pageCode(name, { threads }), "js"),
      paragraphOf("In a service in Deno:"),
      codeOf(serviceCode(name, { threads, version }), "ts"),
      factsOf([
        { name: "serve", text: `${name}: ${megabytes(winner.bytes)}` },
        {
          name: "and",
          text: `${wasm.name}: ${megabytes(wasm.bytes)}, ${megabytes(wasm.brotli)} after brotli, ` +
            "once for all models; from node_modules/onnxruntime-web/dist/" +
            (version === WEB_RUNTIME.version ? "" : ` (sizes of ${WEB_RUNTIME.version})`),
        },
        ...wholeDownload(study, winner.trial),
        { name: "measured in", text: measuredText(study) },
        { name: "import", text: importText() },
        { name: "other imports", text: PATHS_TEXT },
        ...nodeFacts(study, winner.trial),
        { name: "threads", text: threadsText(threads) },
        {
          name: "try it",
          text: `${commandLike(study.provenance.command, "init")} --page and this folder write a ` +
            "page that runs it, with all that it needs",
        },
        {
          name: "check it",
          text: `${commandLike(study.provenance.command, "canary")} with this folder and ` +
            "--out canary.json writes some kB by which a page finds out whether it computes what was " +
            "measured here, to the bit; selfTest(session, canary) is written beside it",
        },
      ]),
    ],
  };
}

/** What the study's times hold in, where the lines above load something else. */
function measuredText({ provenance }: Study): string {
  const { runtime } = provenance;
  const isPlain = runtime === undefined || runtime.binary === "plain";
  return timedInText(provenance) +
    (isPlain
      ? ""
      : "; the lines above load the plain binary, of the same bits, where a node costs less or as much: " +
        `${commandLike(provenance.command, "runtime")} tells what loads the one that was measured`);
}

/** Which of the runtime's builds to import, and what another one costs. */
function importText(): string {
  const download = ({ script, wasm }: WebBuild) => megabytes(script.brotli + wasm.brotli);
  return `"${PLAIN_BUILD.entry}", ${download(PLAIN_BUILD)} after brotli with its script: ` +
    `"${DEFAULT_BUILD.entry}" fetches ${download(DEFAULT_BUILD)}, takes twice as long to start, ` +
    'and runs the same kernels for ["wasm"]';
}

/** How another import is told to load the same WASM. */
const PATHS_TEXT =
  `any import of onnxruntime-web, another package's too, takes the same files from ` +
  `env.wasm.wasmPaths = { mjs: "/${PLAIN_BUILD.glue}", wasm: "/${PLAIN_BUILD.wasm.name}" }: the same ` +
  "bits, without GPUs";

/** All that a first visit downloads, against what it would with the model as given. */
function wholeDownload(study: Study, { download }: Trial): Definition[] {
  const before = study.model.download;
  if (!before || !download) return [];
  const runtime = PLAIN_BUILD.script.brotli + PLAIN_BUILD.wasm.brotli;
  const [float32, own] = [runtime + before.brotli, runtime + download.brotli];
  return [{
    name: "in all",
    text:
      `runtime and model ${megabytes(own)} after brotli, with ${baselineWords(study).network} ` +
      `${megabytes(float32)} (${factor(own / float32)})`,
  }];
}

/** How many nodes run, which cost more in other binaries. */
function nodeFacts(study: Study, { nodes }: Trial): Definition[] {
  const before = study.model.nodeCounts;
  if (!nodes || !before) return [];
  return [{
    name: "nodes",
    text:
      `${nodeText(nodes)} run, of ${baselineWords(study).model}'s ${
        nodeText(before)
      }; beside its kernel, each costs ` +
      `about twice as much with "${DEFAULT_BUILD.entry}" and "${DEFAULT_BUILD.entry}/webgpu" as with ` +
      `"${PLAIN_BUILD.entry}"`,
  }];
}

function threadsText(threads: number): string {
  const headers = Object.entries(ISOLATION_HEADERS).map(([name, value]) => `${name}: ${value}`);
  return `measured with ${threads}; more than one only where the page is cross-origin isolated, ` +
    `served with ${headers.join(" and ")}`;
}
