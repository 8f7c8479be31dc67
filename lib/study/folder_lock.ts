import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { isPermitted } from "../permitted.ts";
import { systemReason } from "../system_errors.ts";

/** Name of the file by which a process says that it works in a folder; it stays there, empty. */
export const LOCK_FILE = ".study.lock";

/** The machine's name, for folders that several machines see, where it may be asked for. */
function onMachine(): string {
  return isPermitted({ name: "sys", kind: "hostname" }) ? ` on ${hostname()}` : "";
}

/**
 * Takes a folder for this process alone: two that measure at once would disturb each other's times. The
 * system lets go of it when the process ends, however it ends.
 *
 * @throws {UserError} If another process has it, which it names, or it may not be written.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const path = join(folder, LOCK_FILE);
  const fail = (why: string, cause?: unknown): never => {
    throw new UserError(`Cannot use ${folder} for a study: ${why}`, { cause });
  };
  const file = await Deno.open(path, { create: true, read: true, write: true })
    .catch((error) =>
      fail(`it cannot be written (${systemReason(error)}); name another (--out)`, error)
    );
  // Where the file system knows no locks, nobody is kept out.
  if (await file.tryLock(true).catch(() => true)) {
    await file.truncate();
    await file.write(new TextEncoder().encode(`process ${Deno.pid}${onMachine()}`));
    let held = true;
    return {
      [Symbol.dispose]() {
        if (!held) return;
        held = false;
        file.truncateSync();
        file.close();
      },
    };
  }
  file.close();
  const owner = await Deno.readTextFile(path).catch(() => "");
  return fail(
    `${
      owner || "another process"
    } is working in it; wait for its end, or name another folder (--out)`,
  );
}
