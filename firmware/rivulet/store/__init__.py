"""Flash: uploads, slots, journal, snapshot, swap, trial, trusted signatures."""
