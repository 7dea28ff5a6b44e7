"""Networks for comparison, one file a kind; none of them runs on boards.

All have the readouts of the liquid cells, so that what is compared is what carries the past.
"""

from host_tools.train.peers.gru_d import GruD
from host_tools.train.peers.recurrent import Gru, Lstm
from host_tools.train.peers.state_space import StateSpace
from host_tools.train.peers.transformer import Transformer

__all__ = ["Gru", "GruD", "Lstm", "StateSpace", "Transformer"]
