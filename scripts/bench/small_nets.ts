import type { Model } from "../../lib/onnx/model.ts";
import { NetWriter } from "./net_writer.ts";
import type { NetSize } from "./resnet18.ts";

/** Four 3x3 convolutions, 32 to 64 channels, each before a Relu: [1, 32, side, side], 128 by default. */
export function fourConvs({ side = 128, width = 32 }: NetSize = {}): Model {
  const net = new NetWriter(1);
  let [x, inputs] = ["maps", width];
  for (const [index, factor] of [1, 1.5, 2, 2].entries()) {
    const outputs = factor * width;
    x = net.conv(`/conv${index}`, `conv${index}`, x, { inputs, outputs, kernel: [3, 3] });
    x = net.node("Relu", `/relu${index}/Relu`, [x], {}, index === 3 ? "features" : undefined);
    inputs = outputs;
  }
  return net.model("four-convs", { maps: [1, width, side, side] }, {
    features: [1, inputs, side, side],
  });
}

/**
 * A stage of CSPDarknet-53 (Bochkovskiy et al. 2020, arXiv:2004.10934): four residual blocks of a 1x1
 * and a 3x3 convolution, each before a Mish, which is Softplus, Tanh and Mul as PyTorch writes it. Maps
 * [1, 64, side, side], 52 by default.
 */
export function mishNet({ side = 52, width = 64 }: NetSize = {}): Model {
  const net = new NetWriter(1);
  const mish = (scope: string, x: string) => {
    const softplus = net.node("Softplus", `${scope}/Softplus`, [x]);
    const tanh = net.node("Tanh", `${scope}/Tanh`, [softplus]);
    return net.node("Mul", `${scope}/Mul`, [x, tanh]);
  };
  const layer = (name: string, x: string, side: number) => {
    const y = net.conv(`/${name}/conv`, `${name}.conv`, x, {
      ...{ inputs: width, outputs: width, kernel: [side, side] },
    });
    return mish(`/${name}/act`, y);
  };
  let x = "maps";
  for (let block = 0; block < 4; block++) {
    const y = layer(`block${block}.1`, layer(`block${block}.0`, x, 1), 3);
    x = net.node("Add", `/block${block}/Add`, [x, y], {}, block === 3 ? "features" : undefined);
  }
  const shape = [1, width, side, side];
  return net.model("mish", { maps: shape }, { features: shape });
}

/** A field as volume renderers learn it, six layers with Softplus between: [side, 3] to [side, 4]. */
export function softplusNet({ side = 512, width = 256 }: NetSize = {}): Model {
  const net = new NetWriter(1);
  let [x, inputs] = ["points", 3];
  for (let index = 0; index < 6; index++) {
    x = net.linear(`/layers.${2 * index}`, `layers.${2 * index}`, x, [inputs, width]);
    x = net.node("Softplus", `/layers.${2 * index + 1}/Softplus`, [x]);
    inputs = width;
  }
  net.linear("/layers.12", "layers.12", x, [inputs, 4], "colours");
  return net.model("softplus", { points: [side, 3] }, { colours: [side, 4] });
}
