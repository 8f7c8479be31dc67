import type { Tensor } from "./tensor.ts";

/**
 * Tensors in the form in which another thread gets them for good. Shared memory goes as it is. Other arrays
 * are copied first, and the copy handed over: a view would take all of its buffer with it, which may be a
 * whole data set.
 *
 * @param transfer The buffers that are to be handed over are added to it.
 */
export function handOver(
  tensors: Readonly<Record<string, Tensor>>,
  transfer: ArrayBuffer[],
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const { data } = tensor;
      if (!ArrayBuffer.isView(data) || data.buffer instanceof SharedArrayBuffer) {
        return [name, tensor];
      }
      const copy = data.slice();
      transfer.push(copy.buffer as ArrayBuffer);
      return [name, { ...tensor, data: copy } as typeof tensor];
    }),
  );
}
