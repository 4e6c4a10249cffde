"""Data for probes and checks: what an assignment writes as `data.normal(…)`, `data.test(…)`.

Floors, top first:
    training_mount
    descriptions, drawn
    secret, source
    pixels
    catalogue
    cifar10, mnist
    alterations, digits, shapes, thumbnails, torchvision_loader
    picture_set
"""

from grader.data.descriptions import DataSet, Images, SecretLabels, Targets, rows, test, train
from grader.data.drawn import Drawn, integers, normal, uniform
from grader.data.picture_set import PictureSet, StandIn, StudentClass
from grader.data.secret import Secret
from grader.data.source import Shelf, Source, available, fetch
from grader.data.torchvision_loader import TorchvisionLoader

__all__ = [
    "DataSet",
    "Drawn",
    "Images",
    "PictureSet",
    "Secret",
    "SecretLabels",
    "Shelf",
    "Source",
    "StandIn",
    "StudentClass",
    "Targets",
    "TorchvisionLoader",
    "available",
    "fetch",
    "integers",
    "normal",
    "rows",
    "test",
    "train",
    "uniform",
]
