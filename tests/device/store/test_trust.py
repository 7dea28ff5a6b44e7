"""Which models a board takes: what a signature and a version have to do with it."""

import json
import os

from fixtures import Scratch, model_bytes, raises, settings
from keyed_folder import trusting
from signed_files import signed
from signing_keys import MODULUS_2048

from rivulet.errors import ModelError
from rivulet.store.access_files import AccessFiles
from rivulet.store.trust import Trust


def test_versions_only_rise():
    with Scratch() as folder:
        trust = trusting(folder, '{"keep_version": true}')
        trust.check_version(settings())
        trust.check_version(settings(version=4))
        # On trial it binds nothing; confirmed it does, also after a restart.
        trust.check_version(settings(version=3))
        trust.confirm(settings(version=4))
        trust.confirm(settings(version=2))
        for made in (trust, Trust(AccessFiles(folder))):
            assert made.facts()["version_at_least"] == 4
            made.check_version(settings(version=4))
            for old in (settings(), settings(version=3), settings(version="9")):
                message = raises(ModelError, made.check_version, old)
                assert "this board has confirmed 4" in message


def test_versions_are_free_unless_asked_for():
    with Scratch() as folder:
        trust = trusting(folder, "{}")
        trust.confirm(settings(version=4))
        trust.check_version(settings(version=1))
        assert trust.facts()["version_at_least"] == 0
        assert sorted(os.listdir(folder)) == ["settings.json"]


def test_what_is_not_signed_is_refused():
    with Scratch() as folder:
        trust = trusting(folder, json.dumps({"modulus": MODULUS_2048}))
        assert len(trust.facts()["signed_by"]) == 16
        for data, good in ((signed(model_bytes()), True), (model_bytes(), False)):
            with open(folder + "/model", "wb") as file:
                file.write(data)
            if good:
                trust.check_file(folder + "/model")
            else:
                message = raises(ModelError, trust.check_file, folder + "/model")
                assert message.startswith("not signed by the key that this board trusts")
