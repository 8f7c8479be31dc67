import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";

/** A runtime that gives the results of another, but that the tensors of these names have another last bit. */
export function partingRuntime(runtime: Runtime, names: readonly string[]): Runtime {
  return {
    about: runtime.about,
    environment: () => runtime.environment(),
    async *run(model, samples, options) {
      for await (const results of runtime.run(model, samples, options)) {
        yield Object.fromEntries(
          Object.entries(results).map(([name, tensor]) =>
            [name, names.includes(name) ? withOtherBit(tensor) : tensor] as const
          ),
        );
      }
    },
    times: (models, samples, options) => runtime.times(models, samples, options),
    optimized: (model) => runtime.optimized(model),
    profile: (model, samples, options) => runtime.profile(model, samples, options),
    close: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

function withOtherBit(tensor: Tensor): Tensor {
  const data = Float32Array.from(tensor.data as Float32Array);
  new Uint32Array(data.buffer)[data.length - 1]! ^= 1;
  return { ...tensor, data } as Tensor;
}
