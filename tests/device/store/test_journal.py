"""The journal: the newer whole record holds, however the one being written is torn."""

from fixtures import Scratch, raises

from rivulet.store.journal import Journal


def read(folder, number):
    with open(folder + "/journal.%d" % number, "rb") as file:
        return file.read()


def put(folder, number, data):
    with open(folder + "/journal.%d" % number, "wb") as file:
        file.write(data)


def test_a_new_board_has_none():
    with Scratch() as folder:
        journal = Journal(folder)
        assert not journal.found and journal.facts["active"] == -1
        assert Journal(folder + "/missing").found is False


def test_what_was_written_last_holds():
    with Scratch() as folder:
        journal = Journal(folder)
        for boots in range(1, 6):
            journal.write(boots=boots)
            again = Journal(folder)
            assert again.found and again.facts["boots"] == boots
            assert again.facts == journal.facts


def test_a_record_torn_at_every_byte_leaves_the_one_before():
    with Scratch() as folder:
        journal = Journal(folder)
        journal.write(boots=1, active=0)
        journal.write(boots=2)
        before = [read(folder, 0), read(folder, 1)]
        journal.write(boots=3, hashes=["", "ab"])
        after = [read(folder, 0), read(folder, 1)]
        changed = 0 if after[0] != before[0] else 1
        assert after[1 - changed] == before[1 - changed]
        whole = after[changed]
        for cut in range(len(whole)):
            # Truncated, and over the record that stood there.
            for torn in (whole[:cut], whole[:cut] + before[changed][cut:]):
                put(folder, changed, torn)
                found = Journal(folder)
                assert found.facts["boots"] == 2 or torn == whole, cut
                # And the next record goes over the torn one, not over the good one.
                found.write(boots=9)
                assert read(folder, 1 - changed) == before[1 - changed]
                assert Journal(folder).facts["boots"] == 9
        put(folder, changed, whole)
        assert Journal(folder).facts["boots"] == 3


def test_a_changed_bit_anywhere_is_found():
    with Scratch() as folder:
        journal = Journal(folder)
        journal.write(boots=1)
        journal.write(boots=2)
        newest = 0 if b'"boots": 2' in read(folder, 0) else 1
        whole = read(folder, newest)
        for at in range(len(whole)):
            for bit in (1, 0x20, 0x80):
                put(folder, newest, whole[:at] + bytes((whole[at] ^ bit,)) + whole[at + 1 :])
                boots = Journal(folder).facts["boots"]
                # The space after the CRC and the case of its digits mean nothing.
                assert boots == 1 or at <= 8, (at, bit)


def test_facts_of_an_older_firmware_are_completed():
    with Scratch() as folder:
        journal = Journal(folder)
        del journal.facts["starts"]
        journal.write(boots=4)
        facts = Journal(folder).facts
        assert facts["boots"] == 4 and facts["starts"] == 0


def test_flash_that_keeps_nothing_is_an_error_and_changes_nothing():
    with Scratch() as folder:
        journal = Journal(folder)
        journal.write(boots=1)
        journal._read = lambda number: None
        assert "does not keep" in raises(OSError, lambda: journal.write(boots=2))
        assert journal.facts["boots"] == 1
        raises(OSError, lambda: Journal(folder + "/missing").write(boots=1))
