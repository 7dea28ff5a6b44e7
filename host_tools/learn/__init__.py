"""A project's model from its recordings: what `rivulet train` does in a folder with rivulet.toml.

    dataset     the recordings as arrays, checked and split; events that get lost
    train       trains, judges, writes build/

What is read and split here needs no PyTorch.
"""
