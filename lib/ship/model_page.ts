import index from "./page/index.html" with { type: "text" };
import run from "./page/run.js" with { type: "text" };
import serve from "./page/serve.mjs" with { type: "text" };

/** A tensor of a sample that a page is to be fed, or to be held against. */
export interface PageTensor {
  readonly name: string;
  /** Element type, as onnxruntime-web spells it. */
  readonly type: string;
  readonly dims: readonly number[];
  /** Number of elements. */
  readonly length: number;
  /** The elements, in the order of this machine: little-endian wherever browsers run. */
  readonly bytes: Uint8Array;
}

/** What a page is made of, beside the model and the runtime's files. */
export interface PageContent {
  /** Name of the model's file, beside the page. */
  readonly model: string;
  /** Bytes of that file. */
  readonly bytes: number;
  /** What runs, and against what it is held: a sentence without its full stop. */
  readonly about: string;
  /** Where the samples come from, in a sentence. */
  readonly inputs: string;
  /** What the model is fed, and what it gave in Deno. */
  readonly samples: readonly {
    readonly inputs: readonly PageTensor[];
    readonly outputs: readonly PageTensor[];
  }[];
}

/** Folder of the page that holds the runtime's two files. */
export const RUNTIME_FOLDER = "ort";

/** Every element type may begin at a multiple of this. */
const ALIGNMENT = 8;

/**
 * Files of a page that runs a model with plain onnxruntime-web, and holds its outputs against those that
 * are given: HTML, script, a server with the headers that give it threads, and the samples. It lacks the
 * model and, in {@linkcode RUNTIME_FOLDER}, the script and the WASM file of the plain build.
 *
 * @returns Contents by name.
 */
export function pageFiles(content: PageContent): Map<string, string | Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let end = 0;
  const place = ({ bytes, ...tensor }: PageTensor) => {
    const offset = end;
    const padding = new Uint8Array(-bytes.length & (ALIGNMENT - 1));
    parts.push(bytes, padding);
    end += bytes.length + padding.length;
    return { ...tensor, offset };
  };
  const samples = content.samples.map(({ inputs, outputs }) => ({
    inputs: inputs.map(place),
    outputs: outputs.map(place),
  }));
  return new Map<string, string | Uint8Array[]>([
    ["index.html", index],
    ["run.js", run],
    ["serve.mjs", serve],
    ["samples.json", JSON.stringify({ ...content, samples }) + "\n"],
    ["samples.bin", parts],
  ]);
}
