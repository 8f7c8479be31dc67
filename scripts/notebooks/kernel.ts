import { setTimeout as delay } from "node:timers/promises";
import { connect, freePorts, HOST } from "./loopback.ts";
import {
  createSigner,
  decodeMessage,
  encodeRequest,
  type Message,
  type Signer,
} from "./message.ts";
import type { ZmtpSocket } from "./zmtp.ts";

/** Options for {@linkcode Kernel.execute}. */
export interface ExecuteOptions {
  /** Most time a cell may take, milliseconds. @default {300_000} */
  timeoutMs?: number;
  /**
   * Quiet to wait for once the kernel says that it is idle, milliseconds: Deno's kernel (seen in
   * 2.9.6) often says so before it has sent the outputs of the cell. @default {100}
   */
  settleMs?: number;
}

/** Answer of the kernel to one cell. */
export interface Reply {
  readonly status: string;
  readonly ename?: string;
  readonly evalue?: string;
}

interface Sockets {
  readonly iopub: ZmtpSocket;
  readonly shell: ZmtpSocket;
}

/**
 * Deno's Jupyter kernel in a process of its own, spoken to over its sockets: the real kernel, so
 * `Deno.jupyter` and the display of a last expression are those that a reader of the notebook has.
 */
export class Kernel implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #signer: Signer;
  readonly #sockets: Sockets;
  /** Rejects when the process ends. */
  readonly #death: Promise<never>;
  #listener: (message: Message) => void = () => {};

  private constructor(
    process: Deno.ChildProcess,
    signer: Signer,
    sockets: Sockets,
    death: Promise<never>,
  ) {
    this.#process = process;
    this.#signer = signer;
    this.#sockets = sockets;
    this.#death = death;
    this.#listen();
  }

  /**
   * Starts a kernel and waits until it answers.
   *
   * @param folder Working directory of the cells, from which `deno.json` is looked for.
   */
  static async start(folder: string): Promise<Kernel> {
    const key = crypto.randomUUID();
    const signer = await createSigner(key);
    const ports = freePorts(5);
    const connectionFile = await writeConnectionFile(key, ports);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", connectionFile],
      cwd: folder,
      env: { NO_COLOR: "1" }, // else text outputs are full of escape codes
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const death = reportDeath(process);
    try {
      const connecting = Promise.all([connect(ports[0]!, "SUB"), connect(ports[1]!, "DEALER")]);
      const sockets = await Promise.race([connecting, death]);
      const kernel = new Kernel(process, signer, { iopub: sockets[0], shell: sockets[1] }, death);
      await kernel.#greet();
      return kernel;
    } catch (error) {
      await kill(process);
      throw error;
    } finally {
      await Deno.remove(connectionFile);
    }
  }

  /**
   * Runs one cell.
   *
   * @param onMessage Sees each message that the cell publishes: streams, displays, results, errors.
   * @throws {Error} If the kernel dies or the cell takes too long; the kernel is of no use then.
   */
  async execute(
    code: string,
    onMessage: (message: Message) => void,
    options: ExecuteOptions = {},
  ): Promise<Reply> {
    const { timeoutMs = 300_000, settleMs = 100 } = options;
    const content = { code, silent: false, store_history: true, allow_stdin: false };
    const request = await encodeRequest(this.#signer, "execute_request", content);
    const settled = Promise.withResolvers<void>();
    const tooLong = Promise.withResolvers<never>();
    let idle = false;
    let quiet: ReturnType<typeof setTimeout> | undefined;
    this.#listener = (message) => {
      if (message.type !== "status") onMessage(message);
      else if (message.parent !== request.id) return; // of the request before, come late
      else idle ||= message.content.execution_state === "idle";
      if (!idle) return;
      clearTimeout(quiet);
      quiet = setTimeout(settled.resolve, settleMs);
    };
    const limit = setTimeout(() => {
      tooLong.reject(new Error(`The cell took more than ${timeoutMs / 1000} s`));
    }, timeoutMs);
    try {
      const done = Promise.all([this.#ask(request.parts), settled.promise]);
      const [reply] = await Promise.race([done, tooLong.promise, this.#death]);
      return reply as unknown as Reply;
    } finally {
      clearTimeout(limit);
      clearTimeout(quiet);
      this.#listener = () => {};
    }
  }

  /** Ends the process, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await kill(this.#process);
    this.#sockets.iopub[Symbol.dispose]();
    this.#sockets.shell[Symbol.dispose]();
  }

  /**
   * Waits until the kernel both answers and is heard. The subscription travels on a connection of its
   * own, and what is published before it arrives is lost, so a request is repeated until its status
   * shows.
   */
  async #greet(): Promise<void> {
    let heard = false;
    this.#listener = () => heard = true;
    while (!heard) {
      const request = await encodeRequest(this.#signer, "kernel_info_request", {});
      await this.#ask(request.parts);
      await delay(10);
    }
  }

  /** Sends a request and waits for its answer; one is under way at a time. */
  async #ask(parts: readonly Uint8Array[]): Promise<Message["content"]> {
    try {
      await this.#sockets.shell.send(parts);
      return decodeMessage(await this.#sockets.shell.receive()).content;
    } catch {
      return await this.#death; // which closed the socket, and knows more
    }
  }

  async #listen(): Promise<void> {
    try {
      while (true) this.#listener(decodeMessage(await this.#sockets.iopub.receive()));
    } catch {
      // closed; whoever waits for a reply learns it from the death of the process
    }
  }
}

/** Tells the kernel where to listen, `ports` in the order iopub, shell, and what to check requests with. */
async function writeConnectionFile(key: string, ports: readonly number[]): Promise<string> {
  const [iopub_port, shell_port, stdin_port, control_port, hb_port] = ports;
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      transport: "tcp",
      ip: HOST,
      iopub_port,
      shell_port,
      stdin_port,
      control_port,
      hb_port,
      signature_scheme: "hmac-sha256",
      key,
      kernel_name: "deno",
    }),
  );
  return file;
}

/** A promise that only ever rejects, with the exit code and the last words of the process. */
function reportDeath(process: Deno.ChildProcess): Promise<never> {
  const report = async (): Promise<never> => {
    const [{ code, signal }, words] = await Promise.all([
      process.status,
      new Response(process.stderr).text(),
    ]);
    const last = words.trim().split("\n").slice(-3).join("\n").trim();
    throw new Error(
      `The kernel died (${signal ?? `exit code ${code}`}): did a cell end the process?` +
        (last ? `\n${last}` : ""),
    );
  };
  const death = report();
  death.catch(() => {}); // nobody may be waiting when it comes
  return death;
}

async function kill(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it had ended by itself
  }
  await process.status;
}
