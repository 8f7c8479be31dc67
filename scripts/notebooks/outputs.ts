import type { Message } from "./message.ts";
import type { Output } from "./notebook.ts";

type Display = Extract<Output, { data: unknown }>;

/**
 * Turns what a kernel publishes into the outputs that a notebook file stores: pieces of one stream
 * become one output, and a display that is updated under its id changes where it stands, in whichever
 * cell that is. One recorder serves a whole run.
 */
export class OutputRecorder {
  readonly #displays = new Map<string, Display[]>();

  /** Adds one message to the outputs of the cell that is running. */
  record(message: Message, outputs: Output[], executionCount: number): void {
    const { content } = message;
    switch (message.type) {
      case "stream":
        return recordStream(String(content.name), String(content.text), outputs);
      case "display_data":
      case "execute_result": {
        const output: Display = message.type === "display_data"
          ? { output_type: "display_data", ...bundle(message) }
          : { output_type: "execute_result", ...bundle(message), execution_count: executionCount };
        outputs.push(output);
        const id = displayId(message);
        if (id) this.#displays.set(id, [...this.#displays.get(id) ?? [], output]);
        return;
      }
      case "update_display_data":
        for (const output of this.#displays.get(displayId(message) ?? "") ?? []) {
          Object.assign(output, bundle(message));
        }
        return;
      case "clear_output":
        outputs.length = 0;
        return;
      case "error":
        outputs.push({
          output_type: "error",
          ename: String(content.ename),
          evalue: String(content.evalue),
          traceback: (content.traceback as string[] | undefined) ?? [],
        });
    }
  }
}

function recordStream(name: string, text: string, outputs: Output[]): void {
  const last = outputs.at(-1);
  if (last?.output_type === "stream" && last.name === name) last.text += text;
  else outputs.push({ output_type: "stream", name, text });
}

function bundle({ content }: Message): Pick<Display, "data" | "metadata"> {
  return {
    data: content.data as Display["data"],
    metadata: (content.metadata as Display["metadata"] | undefined) ?? {},
  };
}

function displayId({ content }: Message): string | undefined {
  return (content.transient as { display_id?: string } | undefined)?.display_id;
}
