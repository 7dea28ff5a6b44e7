"""Records a board's telemetry as CSV."""

from pathlib import Path

from host_tools.link.documents import Model
from host_tools.link.records import Record
from host_tools.watch.row_file import RowFile


class Recorder(RowFile):
    """Appends telemetry records to a CSV file: t_us, decision, y0.., x0.., tau0.., the inputs.

    Raises RivuletError as RowFile does.
    """

    def __init__(self, path: Path, model: Model, overwrite: bool = False) -> None:
        header = ["t_us", "decision"]
        header += [f"y{i}" for i in range(model["outputs"])]
        header += [f"x{i}" for i in range(model["hidden"])]
        header += [f"tau{i}" for i in range(model["hidden"])]
        header += model["channels"]
        super().__init__(path, header, overwrite, ", or replace it with --overwrite")

    def add(self, record: Record) -> None:
        """Append one record. Raises RivuletError if the file takes no more."""
        blocks = record.blocks
        values = [*blocks["outputs"], *blocks["state"], *record.tau, *blocks["inputs"]]
        cells = [str(record.t_us), str(record.decision), *(f"{value:.9g}" for value in values)]
        self.append((",".join(cells) + "\r\n").encode("ascii"))
