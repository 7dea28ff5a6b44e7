"""`rivulet push`."""

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, ModelArgument, PortOption
from host_tools.commands._terminal import progress_bar
from host_tools.printing import say


def push(model: ModelArgument, port: PortOption = None, key: KeyOption = None) -> None:
    """Send a model to a running board, which verifies it and swaps while it runs."""
    from host_tools.simulate.replay import read_settings

    read_settings(model)  # a broken file is refused before any of it is sent
    with connect(port, key) as board, progress_bar("pushing") as advance:
        outcome = board.push(model.read_bytes(), advance)
        facts = board.model()
        resumed_at = board.resumed_at
        status = board.status()
    if resumed_at == model.stat().st_size:
        say("the board had the whole file from an earlier push")
    elif resumed_at:
        say(f"resumed at byte {resumed_at}, where an earlier push had stopped")
    say(f"{facts['cell']} with {facts['hidden']} units is active; {outcome}")
    if status["trial"]:
        say(
            f"on trial for {status['trial_left_s']} s: 'rivulet confirm' keeps it, 'rivulet "
            "rollback' discards it"
        )
    if facts["unfed"]:
        say(f"channels that no sensor of this board feeds: {', '.join(facts['unfed'])}")
