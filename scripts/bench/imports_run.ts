/** What importing a module takes: run by the bench `imports`, it prints milliseconds of processor time. */
import process from "node:process";
import { pathToFileURL } from "node:url";

if (import.meta.main) {
  const before = process.cpuUsage();
  await import(pathToFileURL(Deno.args[0]!).href);
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1000);
}
