"""Where within its epochs a training is evaluated. What a target takes is known to within one such step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_SHARE = 0.1  # of the training's time that evaluations may take where nobody said how many there are to be
TRAINING_PASSES = 3.0  # forward passes that a training pass takes as long as: forward, and back to inputs and weights
HALVINGS_FROM = 3  # evaluations an epoch; of so many one in three lies early in the first epoch
MOST_HALVINGS = 3


@dataclass(frozen=True)
class Looks:
    """How often a training is evaluated beside the ends of its epochs: `per_epoch` times an epoch, its end included, or
    after `every` so many batches and at its end. Without both: as often as a tenth of the training's time allows where
    a `target` ends it, else at the ends of epochs."""

    per_epoch: int | None = None
    every: int | None = None
    target: bool = False

    @property
    def are_asked(self) -> bool:
        """Whether somebody asked for evaluations within epochs."""
        return self.every is not None or (self.per_epoch or 1) > 1

    @property
    def may_divide(self) -> bool:
        """Whether epochs may be divided at all."""
        return self.are_asked or (self.target and self.per_epoch is None)

    def at(self, epoch: int, batches: int, evaluated: int, trained: int) -> tuple[int, ...]:
        """The numbers of batches of an epoch (1, 2 …) after which there is an evaluation; the last is `batches`, all of
        it. `evaluated`, `trained`: examples of an evaluation, and of an epoch."""
        if self.every is not None:
            return tuple(sorted({*range(self.every, batches, self.every), batches}))
        count = self.per_epoch or (affordable(evaluated, trained) if self.target else 1)
        return places(epoch, batches, count)


AT_ENDS = Looks()


def affordable(evaluated: int, trained: int) -> int:
    """How many evaluations an epoch take a tenth of its time at most; 1 where not even one does."""
    if evaluated <= 0:
        return 1
    return max(1, int(MOST_SHARE * TRAINING_PASSES * trained / evaluated))


def places(epoch: int, batches: int, count: int) -> tuple[int, ...]:
    """So many places in an epoch, its end included, fewer where it has not so many batches. They lie evenly; in the
    first epoch, where a network learns fastest, a part of them lies early, each at half of the next."""
    halvings = min(MOST_HALVINGS, count // HALVINGS_FROM) if epoch == 1 else 0
    even = count - halvings
    shares = [part / even for part in range(1, even + 1)]
    shares += [shares[0] / 2**halving for halving in range(1, halvings + 1)]
    return _whole(shares, batches)


def _whole(shares: Sequence[float], batches: int) -> tuple[int, ...]:
    return tuple(sorted({max(1, round(share * batches)) for share in shares}))
