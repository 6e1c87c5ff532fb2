"""Networks of sequences and of patches for torch_networks.py, as one writes them in Python torch."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional


class LstmSentiment(nn.Module):
    """One layer of 1024 over word vectors; torch's second bias stays zero, as TensorFlow's cells have one."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(300, 1024, batch_first=True)
        nn.init.zeros_(self.lstm.bias_hh_l0)
        self.lstm.bias_hh_l0.requires_grad_(False)
        self.head = nn.Linear(1024, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, (last, _) = self.lstm(x)
        return self.head(last[-1])


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool) -> torch.Tensor:
    """[batch, heads, tokens, d]; before torch 2 one wrote it out."""
    fused = getattr(functional, "scaled_dot_product_attention", None)
    if fused is not None:
        return fused(q, k, v, is_causal=causal)
    scores = (q @ k.transpose(-2, -1)) / math.sqrt(q.size(-1))
    if causal:
        length = q.size(-2)
        future = torch.ones(length, length, dtype=torch.bool, device=q.device).triu(1)
        scores = scores.masked_fill(future, -math.inf)
    return scores.softmax(-1) @ v


class Shape(NamedTuple):
    width: int = 768
    heads: int = 12
    layers: int = 12
    causal: bool = False
    norm_first: bool = True
    eps: float = 1e-5
    gelu: str = "none"


class TransformerLayer(nn.Module):
    """Attention and two linear layers, with normalisation before or after them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.norm1 = nn.LayerNorm(shape.width, eps=shape.eps)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm2 = nn.LayerNorm(shape.width, eps=shape.eps)
        self.up = nn.Linear(shape.width, 4 * shape.width)
        self.down = nn.Linear(4 * shape.width, shape.width)

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = (
            part.view(batch, tokens, self.shape.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)
        )
        mixed = attention(q, k, v, self.shape.causal)
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def feed(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(functional.gelu(self.up(x), approximate=self.shape.gelu))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.shape.norm_first:
            x = x + self.attend(self.norm1(x))
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attend(x))
        return self.norm2(x + self.feed(x))


def layers_of(shape: Shape) -> nn.Sequential:
    return nn.Sequential(*(TransformerLayer(shape) for _ in range(shape.layers)))


def table(*sides: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(*sides) * 0.02)


class VisionTransformer(nn.Module):
    """B/16."""

    def __init__(self, size: int) -> None:
        super().__init__()
        shape = Shape(eps=1e-6)
        self.patches = nn.Conv2d(3, shape.width, 16, 16)
        self.class_token = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.positions = table(1, (size // 16) ** 2 + 1, shape.width)
        self.layers = layers_of(shape)
        self.norm = nn.LayerNorm(shape.width, eps=shape.eps)
        self.head = nn.Linear(shape.width, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), patches], 1) + self.positions
        return self.head(self.norm(self.layers(tokens)[:, 0]))


class Bert(nn.Module):
    """Base, uncased; its output is the pooled first token."""

    def __init__(self) -> None:
        super().__init__()
        shape = Shape(norm_first=False, eps=1e-12)
        self.words = nn.Embedding(30522, shape.width)
        self.positions = table(512, shape.width)
        self.kinds = table(2, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.eps)
        self.layers = layers_of(shape)
        self.pool = nn.Linear(shape.width, shape.width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.words(tokens) + self.positions[: tokens.size(1)] + self.kinds[0])
        return torch.tanh(self.pool(self.layers(x)[:, 0]))


class Gpt(nn.Module):
    """Input and output share one table. Training: scores of every place; else of what follows the last one."""

    def __init__(self, words: int, longest: int, **shape: Any) -> None:
        super().__init__()
        how = Shape(causal=True, gelu="tanh", **shape)
        self.words = nn.Embedding(words, how.width)
        nn.init.normal_(self.words.weight, std=0.02)
        self.positions = table(longest, how.width)
        self.layers = layers_of(how)
        self.norm = nn.LayerNorm(how.width, eps=how.eps)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.layers(self.words(tokens) + self.positions[: tokens.size(1)]))
        return functional.linear(x if self.training else x[:, -1:], self.words.weight)
