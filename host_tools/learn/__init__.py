"""A project's model from its recordings: what `rivulet train` does in a folder with rivulet.toml.

Without PyTorch:
    dataset         the recordings, checked, normalised and split: `load(project)`
    reading, answers, splits     its parts: files, classes and targets, who is tested on
    piece           a recording, or a part of one, as arrays; which events get lost
    judge           figures of a model file on the test part
    said            what is printed

With it:
    train           trains, judges, writes build/: `train_project`
    windows, objectives          what a step sees, what it minimises
    cells           a file for each cell that a project may name
    model_files     the trained network as model files
"""
