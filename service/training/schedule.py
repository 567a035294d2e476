"""The learning rate of each epoch."""

from math import cos, pi

from service.training.recipe import Recipe


def learning_rate(recipe: Recipe, epoch: int) -> float:
    """Of a whole epoch, counted from 1: η/2 · (1 + cos(π (epoch − 1) / T)).

    Half a cosine from η, the recipe's rate, over the T epochs of its schedule (Loshchilov and
    Hutter, SGDR, ICLR 2017, equation 5, without restarts). It is a step an epoch, as in the code of
    Abdelfattah et al.: the first epoch has η itself, and 0 would be that of the epoch after the
    last.
    """
    return recipe.learning_rate * (1 + cos(pi * (epoch - 1) / recipe.schedule_epochs)) / 2
