import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";

/** What a program left behind. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Both, where it matters what was said and not where. */
  readonly said: string;
}

/**
 * An empty folder, in which programs run as on a machine that knows nothing of the clone: with caches of
 * its own for Deno and Octavo. npm's cache is the user's, whose packages it checks anyway.
 */
export class Place {
  /** Path of the folder. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Path of a file in it. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes a text into it. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.path(name), text);
  }

  /** Runs a program to its end, whatever that is. */
  async end(program: string, ...args: string[]): Promise<Ended> {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd: this.folder,
      env: {
        NO_COLOR: "1",
        OCTAVO_HASTY: "1",
        OCTAVO_AS: "", // not the task's that runs this
        DENO_DIR: this.path(".cache", "deno"),
        XDG_CACHE_HOME: this.path(".cache"),
        npm_config_fund: "false",
        npm_config_audit: "false",
        npm_config_update_notifier: "false",
      },
      stdin: "null",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, stdout: out!, said: `${out}${err}` };
  }

  /**
   * Runs a program that is to end well.
   *
   * @returns What it wrote to stdout.
   * @throws {UserError} If it ends with another code than 0; with its last lines.
   */
  async run(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, said } = await this.end(program, ...args);
    if (code === 0) return stdout;
    const lines = said.trim().split("\n").slice(-12).join("\n");
    throw new UserError(`${program} ${args.join(" ")} ended with ${code}:\n${lines}`);
  }
}
