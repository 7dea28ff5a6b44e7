"""Stands for the firmware of an earlier release: main.py starts it, it leaves for the prompt."""


def run(keyed, trouble=""):
    with open("earlier", "w") as file:
        file.write("%r, %r" % (keyed, trouble))
    return False
