import type { Built } from "./build.ts";

/** Bytes of built models that are kept, so that the winner of a study is built once. */
const MOST_BYTES = 256e6;

/** Built models by key, the least recently used first to go. */
export class BuiltCache {
  readonly #built = new Map<string, Built>();
  readonly #most: number;

  constructor(most: number = MOST_BYTES) {
    this.#most = most;
  }

  get(key: string): Built | undefined {
    const built = this.#built.get(key);
    if (!built) return undefined;
    this.#built.delete(key);
    this.#built.set(key, built);
    return built;
  }

  /** Keeps one, which is kept however large it is, and lets go of as many others as it takes. */
  put(key: string, built: Built): Built {
    this.#built.set(key, built);
    const size = ({ model }: Built) => model.bytes().length;
    let bytes = [...this.#built.values()].reduce((sum, one) => sum + size(one), 0);
    for (const [old, one] of this.#built) {
      if (bytes <= this.#most || old === key) break;
      bytes -= size(one);
      this.#built.delete(old);
    }
    return built;
  }
}
