"""The bundled lip-reading network and its export to ONNX. Development only; see train.py."""

import torch
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2015, ResNet18's block)."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + shortcut
        return self.relu(y)


class ResNet18(nn.Module):
    """The four stages of ResNet18, `width` to 8 * `width` channels, without its stem."""

    def __init__(self, width: int):
        super().__init__()
        self.layer1 = self._stage(width, width, 1)
        self.layer2 = self._stage(width, 2 * width, 2)
        self.layer3 = self._stage(2 * width, 4 * width, 2)
        self.layer4 = self._stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    @staticmethod
    def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.avgpool(x).flatten(1)


class LipNet(nn.Module):
    """Conv3d front, ResNet18 on each frame, bidirectional GRU over time, Linear.

    The shape of Petridis et al. 2018 (arXiv:1802.06424), narrowed from 64 to `width` channels.
    """

    def __init__(self, width: int = 24, hidden: int = 96, words: int = 40):
        super().__init__()
        self.front3D = nn.Sequential(
            nn.Conv3d(1, width, (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        self.trunk = ResNet18(width)
        self.gru = nn.GRU(
            8 * width, hidden, 2, batch_first=True, bidirectional=True, dropout=0.2
        )
        self.classifier = nn.Linear(2 * hidden, words)

    def forward(self, clips: Tensor) -> Tensor:
        """Float32 clips [N, 1, 16, 44, 44], normalised as `clipInput()` does, to logits [N, 40]."""
        x = self.front3D(clips)  # [N, w, 16, 11, 11]
        _, channels, frames, height, width = x.shape
        x = x.transpose(1, 2).reshape(-1, channels, height, width)
        x = self.trunk(x).reshape(-1, frames, 8 * channels)
        x, _ = self.gru(x)
        return self.classifier(x.mean(1))


def export(model: LipNet, path: str) -> None:
    """Writes ONNX with BatchNorm kept, module-scoped node names and a dynamic batch axis.

    `dynamo=False` names nodes after their modules; `training=PRESERVE` on a model in eval mode and
    no constant folding keep BatchNormalization as nodes of their own.
    """
    model.eval()
    torch.onnx.export(
        model,
        (torch.zeros(2, 1, 16, 44, 44),),
        path,
        dynamo=False,
        opset_version=17,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        input_names=["clips"],
        output_names=["logits"],
        dynamic_axes={"clips": {0: "N"}, "logits": {0: "N"}},
    )
