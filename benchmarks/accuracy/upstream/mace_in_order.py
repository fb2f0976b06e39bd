"""mace_run_train, fed with given batches, and with Adam instead of AMSGrad.

    python mace_in_order.py ORDERS.json [options of mace_run_train]

Its command line has no option for either: ``--amsgrad`` is on by default and can only be switched on.
"""

import json
import sys
from pathlib import Path

from batches import Batches
from mace import tools
from mace.cli import run_train
from mace.tools.torch_geometric.dataloader import DataLoader


def main() -> None:
    epochs = json.loads(Path(sys.argv.pop(1)).read_text())
    args = tools.build_default_arg_parser().parse_args()
    args.amsgrad = False
    upstream = tools.train

    def train(**options):
        frames = options["train_loader"].dataset
        upstream(**{**options, "train_loader": DataLoader(frames, batch_sampler=Batches(epochs))})

    tools.train = train
    run_train.run(args)


if __name__ == "__main__":
    main()
