import { configRatios, type SharedConfig, sharedConfig } from "../../lib/config/shared_config.ts";

/** Options of which a command takes one, so that either that is given leaves the config's aside. */
const LIMITS = ["maxDrop", "atLeast"];

/**
 * The options of a command line, and those that were not given as a config says them, in its keys of the
 * same names.
 */
export function withConfig<T extends object>(options: T, config: SharedConfig = {}): T {
  const { data: _, $schema: __, ...keys } = config;
  const typed = new Map(Object.entries(options).filter(([, value]) => value !== undefined));
  const limited = LIMITS.some((name) => typed.has(name));
  const taken = Object.entries(keys).filter(([key, value]) =>
    value !== undefined && Object.hasOwn(sharedConfig.shape, key) && Object.hasOwn(options, key) &&
    !typed.has(key) &&
    !(limited && LIMITS.includes(key))
  );
  return { ...options, ...Object.fromEntries(taken), ...configRatios(Object.fromEntries(taken)) };
}
