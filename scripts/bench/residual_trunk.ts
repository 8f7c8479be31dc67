import type { NetWriter } from "./net_writer.ts";

/** Options for {@linkcode residualTrunk}. */
export interface TrunkOptions {
  /** Channels that come in, and of the first stage. */
  width: number;
  /** Batch norms as nodes of their own; else they are folded, as exporters do. */
  norm: boolean;
}

/**
 * The four stages of a ResNet-18 and the pooling behind them (He et al. 2016, arXiv:1512.03385): maps
 * [N, width, h, w] to features [N, 8 width].
 *
 * @param module Name of the module that it is; "" for none.
 */
export function residualTrunk(
  net: NetWriter,
  module: string,
  maps: string,
  { width, norm }: TrunkOptions,
): string {
  const scope = module && `/${module}`;
  let x = maps;
  let channels = width;
  for (const [stage, stride] of [[1, 1], [2, 2], [3, 2], [4, 2]] as const) {
    const wider = width * 2 ** (stage - 1);
    const block = (index: number, inputs: number, stride: number) => {
      const names: readonly [string, string] = [
        `${scope}/layer${stage}/layer${stage}.${index}`,
        `${module && `${module}.`}layer${stage}.${index}`,
      ];
      x = basicBlock(net, names, x, { inputs, outputs: wider, stride, norm });
    };
    block(0, channels, stride);
    block(1, wider, 1);
    channels = wider;
  }
  x = net.node("GlobalAveragePool", `${scope}/avgpool/GlobalAveragePool`, [x]);
  return net.node("Flatten", `${scope}/Flatten`, [x], { axis: 1 });
}

/** How a {@linkcode basicBlock} is. */
interface BlockOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  readonly norm: boolean;
}

function basicBlock(
  net: NetWriter,
  [scope, path]: readonly [string, string],
  x: string,
  { inputs, outputs, stride, norm }: BlockOptions,
): string {
  const layer = (
    [conv, batchNorm]: readonly [string, string],
    from: string,
    [channels, side, stride]: readonly [number, number, number],
  ) => {
    const y = net.conv(`${scope}/${conv}`, `${path}.${conv}`, from, {
      ...{ inputs: channels, outputs, kernel: [side, side], stride, bias: !norm },
    });
    return norm ? net.batchNorm(`${scope}/${batchNorm}`, `${path}.${batchNorm}`, y, outputs) : y;
  };
  let y = layer(["conv1", "bn1"], x, [inputs, 3, stride]);
  y = net.node("Relu", `${scope}/relu/Relu`, [y]);
  y = layer(["conv2", "bn2"], y, [outputs, 3, 1]);
  const shortcut = stride !== 1 || inputs !== outputs
    ? layer(["downsample.0", "downsample.1"], x, [inputs, 1, stride])
    : x;
  y = net.node("Add", `${scope}/Add`, [y, shortcut]);
  return net.node("Relu", `${scope}/relu_1/Relu`, [y]);
}
